"""Ctrl-C and SIGTERM (a cluster's preemption) as a wish that the loop grants after the step in hand."""

import signal
import time
from types import FrameType

ECHO = (
    5.0  # seconds: a terminal or Slurm tells every process of one stop, and torchrun passes it on once more
)


class Stopping:
    """Within it, the first signal sets `asked`; one that is no echo of it interrupts at once."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.asked = False
        self._since = 0.0

    def __enter__(self) -> "Stopping":
        self._before = {number: signal.signal(number, self._ask) for number in self.SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.asked:
            self.asked, self._since = True, now
        elif now - self._since > ECHO:
            raise KeyboardInterrupt
