"""What a person sees while a run trains."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console(stderr=True, highlight=False)


class TrainingProgress:
    """A bar with speed, time left, losses and D's verdicts; plain lines where stderr is no terminal.

    `quiet` shows nothing.
    """

    def __init__(self, total: int, done: int, quiet: bool) -> None:
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=total, completed=done, figures="")
        self._total = total
        self._quiet = quiet
        self._since = time.perf_counter()
        self._images = 0
        self._plain = ""  # the newest row as a line

    def __enter__(self) -> "TrainingProgress":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def step(self, step: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step)

    def row(self, row: dict[str, float]) -> float:
        """Show a row of history; return the images per second since the last one."""
        now = time.perf_counter()
        gained = row["images"] - self._images  # less than nothing after a roll-back
        speed = gained / (now - self._since) if self._images and gained > 0 else 0.0
        self._since, self._images = now, row["images"]
        figures = f"{speed:,.0f} images/s  {_shown(row)}"
        self._bar.update(self._task, figures=figures)
        self._plain = f"step {row['step']}/{self._total}  {figures}"
        return speed

    def milestone(self) -> None:
        """Where there is no bar, print the newest row."""
        if self._bar.disable and self._plain and not self._quiet:
            print(self._plain, file=sys.stderr, flush=True)

    def say(self, message: str) -> None:
        """Print one line above the bar."""
        if not self._quiet:
            console.print(message, markup=False, soft_wrap=True)


def _shown(row: dict[str, float]) -> str:
    """The statistics of a row; those of an adversarial game in its own words."""
    if "d_loss" in row:
        return (
            f"D loss {row['d_loss']:.3f}  G loss {row['g_loss']:.3f}  "
            f"D(x) {row['d_real']:.2f}  D(G(z)) {row['d_fake']:.2f} -> {row['d_fake_after']:.2f}"
        )
    losses = {name: value for name, value in row.items() if name.endswith("loss")}
    return "  ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in losses.items())
