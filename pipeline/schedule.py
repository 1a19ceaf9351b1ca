"""How settings go from their start to the end of a run."""

import math

from pipeline.params import ScheduleParams


def gone(change: float, shape: str, step: float, steps: float) -> float:
    """How much of `change` is made at `step` of `steps`: nothing at the first, all of it at the end.

    `cosine` starts and ends gently (Loshchilov and Hutter 2017, eq. (5), without restarts).
    """
    if shape == "cosine":
        return change * (1 - math.cos(math.pi * step / steps)) / 2
    return change * step / steps


def learning_rate(params: ScheduleParams, start: float, step: int, steps: int) -> float:
    """The rate that is `start` at the first step."""
    return start * _scale(params, params.lr, step, steps)


def penalty_weight(params: ScheduleParams, start: float, step: int, steps: int) -> float:
    """The weight that is `start` at the first step."""
    return start * _scale(params, params.penalty, step, steps)


def ema_decay(params: ScheduleParams, half_life: float, step: int, steps: int) -> float:
    """The averaged networks' decay, from its half-life at the start as a share of the run."""
    return 0.5 ** (1 / (half_life * _scale(params, params.ema_half_life, step, steps) * steps))


def betas(params: ScheduleParams, start: tuple[float, float], step: int, steps: int) -> tuple[float, float]:
    """Adam's betas, which are `start` at the first step."""
    if params.betas is None:
        return start
    first, second = (
        begin + gone(end - begin, params.shape, *_moving(params, step, steps))
        for begin, end in zip(start, params.betas, strict=True)
    )
    return first, second


def _scale(params: ScheduleParams, final: float, step: int, steps: int) -> float:
    """The factor at `step` of what ends at `final` times its start."""
    return 1 - gone(1 - final, params.shape, *_moving(params, step, steps))


def _moving(params: ScheduleParams, step: int, steps: int) -> tuple[float, float]:
    """The step, and of how many, since settings began to move."""
    still = params.begins * steps
    return max(0.0, step - still), steps - still
