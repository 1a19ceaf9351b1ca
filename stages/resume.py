"""Saved states of runs, listed and cleaned: `python -m stages.resume list`. Not a stage of DVC's."""

from typing import Annotated

import typer

from pipeline import files
from pipeline.training.resumable import Saved, all_saved
from stages.run import in_one_line, run_app

DAY = 86400.0  # seconds
app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="States in .resume/ from which stopped runs go on: what is there, and what may go.\n\n"
    "A run's states go by themselves once its generator is exported. Those of runs that were given up stay: "
    "with other parameters, data, code, versions or hardware nothing goes on from them.",
)


@app.command("list")
def show() -> None:
    """Every run that has states, with how far it came, its age and its size."""
    saved = all_saved()
    for one in saved:
        print(_line(one))
    print(f"{len(saved)} runs, {_megabytes(sum(one.size for one in saved))}")


@app.command()
def clean(
    older_than: Annotated[
        float, typer.Option(metavar="DAYS", min=0, help="Only those not written to for as long.")
    ] = 7,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this run or name.")] = None,
) -> None:
    """Delete states; never those that a process is training from at this moment.

    \b
      python -m stages.resume clean                   # those of last week and before
      python -m stages.resume clean --older-than 0 --name cdcgan
    """  # noqa: D301 - \b marks lines that are not to be wrapped
    old = [
        one
        for one in all_saved()
        if one.age >= older_than * DAY
        and not one.in_use
        and name in (None, one.folder.name, one.folder.name.rpartition("-")[0])
    ]
    for one in old:
        files.remove(one.folder)
        print(f"deleted {_line(one)}")
    print(f"{len(old)} deleted, {_megabytes(sum(one.size for one in old))}")


def _line(saved: Saved) -> str:
    state = "in use" if saved.in_use else "finished, not exported" if saved.finished else "can go on"
    return f"{saved.folder.name:60} {state:23} {_age(saved.age):>12} {_megabytes(saved.size):>10}"


def _age(seconds: float) -> str:
    for name, length in (("days", DAY), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.0f} seconds"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def command_line() -> None:
    """Run the command line."""
    run_app(app, "stages.resume")


if __name__ == "__main__":
    in_one_line(command_line)
