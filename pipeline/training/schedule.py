"""How settings go from their start to the end of a run."""

import math

from pipeline.params import ScheduleParams


def gone(change: float, shape: str, step: int, steps: int) -> float:
    """How much of `change` is made at `step` of `steps`: nothing at the first, all of it at the end.

    `cosine` starts and ends gently (Loshchilov and Hutter 2017, eq. (5), without restarts).
    """
    if shape == "cosine":
        return change * (1 - math.cos(math.pi * step / steps)) / 2
    return change * step / steps


class Schedule:
    """The settings of one run at each of its steps."""

    def __init__(self, params: ScheduleParams, steps: int) -> None:
        self.params = params
        self.steps = steps

    def _scaled(self, final: float, step: int) -> float:
        """The factor at `step` of what ends at `final` times its start."""
        return 1 - gone(1 - final, self.params.shape, step, self.steps)

    def learning_rate(self, start: float, step: int) -> float:
        """The rate that is `start` at the first step."""
        return start * self._scaled(self.params.lr, step)

    def penalty_weight(self, start: float, step: int) -> float:
        """The weight that is `start` at the first step."""
        return start * self._scaled(self.params.penalty, step)

    def ema_decay(self, half_life: float, step: int) -> float:
        """The averaged generator's decay, from its half-life at the start as a share of the run."""
        return 0.5 ** (1 / (half_life * self._scaled(self.params.ema_half_life, step) * self.steps))

    def betas(self, start: tuple[float, float], step: int) -> tuple[float, float]:
        """Adam's betas, which are `start` at the first step."""
        if self.params.betas is None:
            return start
        first, second = (
            begin + gone(end - begin, self.params.shape, step, self.steps)
            for begin, end in zip(start, self.params.betas, strict=True)
        )
        return first, second
