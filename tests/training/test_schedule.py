"""Settings that change over a run."""

import numpy as np
import pytest

from pipeline.params import ScheduleParams
from pipeline.training.schedule import Schedule

STEPS = 10


def schedule(**changes: object) -> Schedule:
    constant = {"shape": "linear", "lr": 1.0, "betas": None, "penalty": 1.0, "ema_half_life": 1.0}
    return Schedule(ScheduleParams(**constant | changes), STEPS)


def test_linear_goes_in_equal_steps_to_the_last_share() -> None:
    rates = [schedule(lr=0.1).learning_rate(0.2, step) for step in range(STEPS + 1)]
    np.testing.assert_allclose(rates, np.linspace(0.2, 0.02, STEPS + 1))


def test_cosine_starts_and_ends_gently() -> None:
    """Loshchilov and Hutter 2017, eq. (5): lr_min + (lr_max - lr_min) (1 + cos(pi t / T)) / 2."""
    weights = [schedule(shape="cosine", penalty=0.5).penalty_weight(8.0, step) for step in range(STEPS + 1)]
    expected = 4 + 4 * (1 + np.cos(np.pi * np.arange(STEPS + 1) / STEPS)) / 2
    np.testing.assert_allclose(weights, expected)


def test_betas_go_from_their_start_to_their_end() -> None:
    moving = schedule(betas=(0.0, 0.99))
    assert moving.betas((0.5, 0.9), 0) == (0.5, 0.9)
    assert moving.betas((0.5, 0.9), 5) == pytest.approx((0.25, 0.945))
    assert moving.betas((0.5, 0.9), STEPS) == pytest.approx((0.0, 0.99))
    assert schedule().betas((0.5, 0.9), 7) == (0.5, 0.9)


def test_the_half_life_is_what_halves_a_weight() -> None:
    decay = schedule().ema_decay(0.2, 3)  # of ten steps: two
    assert decay**2 == pytest.approx(0.5)
    growing = [schedule(ema_half_life=5.0).ema_decay(0.1, step) for step in (0, STEPS)]
    assert growing == pytest.approx([0.5, 0.5 ** (1 / 5)])
