"""The interval of FID and its extrapolation, on Gaussians whose distance is known."""

import numpy as np
import pytest

from pipeline.scoring.figures.fid import fid, fid_draws, too_few
from pipeline.scoring.figures.fid_infinity import fid_infinity
from pipeline.scoring.spread import counts, interval, ratio

SHIFT = 0.3
TRUE = 16 * SHIFT**2  # two Gaussians of one covariance in 16 dimensions


def draw(seed: int, rows: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (rows, 16))


def test_the_interval_is_as_wide_as_fresh_samples_scatter() -> None:
    reference, one = draw(0, 2000), np.zeros(400, int)
    fresh = [fid(draw(seed, 400, SHIFT), reference) for seed in range(1, 101)]
    draws = fid_draws(draw(200, 400, SHIFT), reference, one, seed=0)
    assert draws.std(ddof=1) == pytest.approx(np.std(fresh), rel=0.35)
    ends = interval(fid(draw(200, 400, SHIFT), reference), draws)
    assert (ends["high"] - ends["low"]) / 2 == pytest.approx(1.96 * draws.std(ddof=1), rel=1e-3)
    assert (draws == fid_draws(draw(200, 400, SHIFT), reference, one, seed=0)).all()


def test_a_draw_is_the_distance_of_the_rows_in_it() -> None:
    samples, reference, one = draw(1, 60) / 10, draw(0, 200) / 10, np.zeros(60, int)
    held = [fid(samples.repeat(count, axis=0), reference) for count in counts(one, 0)]
    assert fid_draws(samples, reference, one, seed=0).mean() == pytest.approx(np.mean(held), rel=1e-9)


def test_class_counts_that_were_asked_for_are_no_accident() -> None:
    """Fresh samples of fixed counts scatter little where the classes lie far apart."""
    labels = np.repeat(np.arange(4), 100)
    centres = np.eye(4, 16)[labels] * 6
    reference = draw(0, 2000) + np.eye(4, 16)[np.arange(2000) % 4] * 6
    fresh = np.std([fid(draw(seed, 400) + centres, reference) for seed in range(1, 101)])
    samples = draw(200, 400) + centres
    stratified = fid_draws(samples, reference, labels, seed=0).std()
    assert stratified == pytest.approx(fresh, rel=0.4)
    assert fid_draws(samples, reference, labels * 0, seed=0).std() > 1.4 * stratified


def test_too_few_images_are_said() -> None:
    assert too_few(draw(0, 64), draw(1, 200)) is None
    assert too_few(draw(0, 63), draw(1, 200)) == "63 images are too few for it: 64 are needed"


def test_the_ratio_holds_the_error_of_both() -> None:
    value, floor = np.array([1.9, 2.1]), np.array([0.45, 0.55])
    found = ratio(2.0, value, 0.5, floor)
    relative = np.hypot(np.std(value, ddof=1) / 2, np.std(floor, ddof=1) / 0.5)
    assert found["ratio"] == 4
    assert found["ratio_high"] == pytest.approx(4 * np.exp(1.959964 * relative))
    assert found["ratio_low"] == pytest.approx(4 / np.exp(1.959964 * relative))
    assert ratio(2.0, value, 0.0, floor) == ratio(-1.0, value, 0.5, floor) == {}


def test_extrapolation_removes_the_bias_of_few_samples() -> None:
    reference = draw(0, 20_000)
    samples = [draw(seed, 300, SHIFT) for seed in range(1, 21)]
    biased = np.mean([fid(a, reference) for a in samples])
    extrapolated = np.mean([fid_infinity(a, reference, seed=0) for a in samples])
    assert biased > TRUE + 0.15
    assert extrapolated == pytest.approx(TRUE, abs=0.08)
