"""Ctrl-C and SIGTERM (a cluster's preemption) as a wish that the loop grants after the step in hand."""

import signal
from types import FrameType


class Stopping:
    """Within it, the first signal sets `asked`; a second one interrupts at once, as it would without."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> "Stopping":
        self._before = {number: signal.signal(number, self._ask) for number in self.SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
