"""The interval of FID and its extrapolation, on Gaussians whose distance is known."""

import numpy as np
import pytest

from pipeline.scoring.fid import fid
from pipeline.scoring.fid_infinity import fid_infinity
from pipeline.scoring.fid_interval import fid_interval

SHIFT = 0.3
TRUE = 16 * SHIFT**2  # two Gaussians of one covariance in 16 dimensions


def draw(seed: int, rows: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (rows, 16))


def test_the_interval_is_as_wide_as_fresh_samples_scatter() -> None:
    reference = draw(0, 2000)
    fresh = [fid(draw(seed, 400, SHIFT), reference) for seed in range(1, 101)]
    low, high = fid_interval(draw(200, 400, SHIFT), reference, seed=0)
    assert (low + high) / 2 == pytest.approx(fid(draw(200, 400, SHIFT), reference))
    assert (high - low) / 2 == pytest.approx(1.96 * np.std(fresh), rel=0.35)


def test_the_interval_is_cut_at_zero_and_the_same_for_a_seed() -> None:
    a = draw(1, 50)
    assert fid_interval(a, a, seed=3) == fid_interval(a, a, seed=3)
    assert fid_interval(a, a, seed=3)[0] == 0


def test_extrapolation_removes_the_bias_of_few_samples() -> None:
    reference = draw(0, 20_000)
    samples = [draw(seed, 300, SHIFT) for seed in range(1, 21)]
    biased = np.mean([fid(a, reference) for a in samples])
    extrapolated = np.mean([fid_infinity(a, reference, seed=0) for a in samples])
    assert biased > TRUE + 0.15
    assert extrapolated == pytest.approx(TRUE, abs=0.08)
