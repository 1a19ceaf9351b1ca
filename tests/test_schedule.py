"""Settings that change over a run."""

import numpy as np
import pytest

from pipeline.params import ScheduleParams
from pipeline.schedule import betas, ema_decay, learning_rate, penalty_weight

STEPS = 10


def schedule(**changes: object) -> ScheduleParams:
    constant = {
        "shape": "linear",
        "begins": 0.0,
        "lr": 1.0,
        "betas": None,
        "penalty": 1.0,
        "ema_half_life": 1.0,
    }
    return ScheduleParams(**constant | changes)


def test_linear_goes_in_equal_steps_to_the_last_share() -> None:
    rates = [learning_rate(schedule(lr=0.1), 0.2, step, STEPS) for step in range(STEPS + 1)]
    np.testing.assert_allclose(rates, np.linspace(0.2, 0.02, STEPS + 1))


def test_cosine_starts_and_ends_gently() -> None:
    """Loshchilov and Hutter 2017, eq. (5): lr_min + (lr_max - lr_min) (1 + cos(pi t / T)) / 2."""
    weights = [
        penalty_weight(schedule(shape="cosine", penalty=0.5), 8.0, step, STEPS) for step in range(STEPS + 1)
    ]
    expected = 4 + 4 * (1 + np.cos(np.pi * np.arange(STEPS + 1) / STEPS)) / 2
    np.testing.assert_allclose(weights, expected)


def test_betas_go_from_their_start_to_their_end() -> None:
    moving = schedule(betas=(0.0, 0.99))
    assert betas(moving, (0.5, 0.9), 0, STEPS) == (0.5, 0.9)
    assert betas(moving, (0.5, 0.9), 5, STEPS) == pytest.approx((0.25, 0.945))
    assert betas(moving, (0.5, 0.9), STEPS, STEPS) == pytest.approx((0.0, 0.99))
    assert betas(schedule(), (0.5, 0.9), 7, STEPS) == (0.5, 0.9)


def test_the_half_life_is_what_halves_a_weight() -> None:
    decay = ema_decay(schedule(), 0.2, 3, STEPS)  # of ten steps: two
    assert decay**2 == pytest.approx(0.5)
    growing = [ema_decay(schedule(ema_half_life=5.0), 0.1, step, STEPS) for step in (0, STEPS)]
    assert growing == pytest.approx([0.5, 0.5 ** (1 / 5)])


def test_nothing_moves_before_it_begins() -> None:
    late = schedule(begins=0.5, lr=0.0)
    rates = [learning_rate(late, 1.0, step, STEPS) for step in range(STEPS + 1)]
    np.testing.assert_allclose(rates, [1.0] * 6 + [0.8, 0.6, 0.4, 0.2, 0.0], atol=1e-12)
    assert betas(schedule(begins=0.5, betas=(0.0, 0.99)), (0.5, 0.9), 5, STEPS) == (0.5, 0.9)
