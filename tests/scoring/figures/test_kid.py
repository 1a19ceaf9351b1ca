"""KID against scikit-learn's kernel and the plain double sum."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from pipeline.scoring import spread
from pipeline.scoring.candidates import Candidate
from pipeline.scoring.figures.kid import kid, measure, squared_mmd


def test_squared_mmd_is_the_unbiased_double_sum() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(7, 5)), random.normal(1, 2, size=(9, 5))
    kernel = polynomial_kernel(np.r_[a, b], degree=3, coef0=1)  # its default gamma is 1 / D
    within_a = sum(kernel[i, j] for i in range(7) for j in range(7) if i != j) / (7 * 6)
    within_b = sum(kernel[i, j] for i in range(7, 16) for j in range(7, 16) if i != j) / (9 * 8)
    assert squared_mmd(a, b) == pytest.approx(within_a + within_b - 2 * kernel[:7, 7:].mean())


def test_is_zero_on_average_for_one_distribution() -> None:
    draws = np.random.default_rng(1).normal(size=(40, 2, 60, 8))
    estimates = [squared_mmd(a, b) for a, b in draws]
    assert abs(np.mean(estimates)) < 3 * np.std(estimates) / np.sqrt(len(estimates))


def test_tells_distributions_apart_and_says_how_surely() -> None:
    random = np.random.default_rng(2)
    a, b = random.normal(size=(1500, 8)), random.normal(0.5, size=(1200, 8))
    blocks = kid(a, b)
    error = blocks.std(ddof=1) / np.sqrt(len(blocks))
    assert blocks.mean() > 5 * error > 0
    assert blocks.mean() == pytest.approx(squared_mmd(a, b), rel=0.05)


def test_its_error_is_that_of_fresh_samples_also_where_they_are_few() -> None:
    random = np.random.default_rng(3)
    means, errors = [], []
    for _ in range(60):
        blocks = kid(random.normal(size=(300, 8)), random.normal(size=(300, 8)))
        means.append(blocks.mean())
        errors.append(blocks.std(ddof=1) / np.sqrt(len(blocks)))
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.3)


def test_the_interval_is_that_of_the_mean_of_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bootstrap of ten blocks: its deviation is that of the blocks over the root of ten."""
    monkeypatch.setattr(spread, "DRAWS", 4000)
    random = np.random.default_rng(4)
    seen = {
        name: Candidate(np.zeros(0), None, random.normal(shift, 1, (200, 4)), np.zeros(0))
        for name, shift in (("fake", 0.4), ("floor", 0.0), ("noise", 2.0), ("test", 0.0))
    }
    found = measure(seen | {"seed": 0})["judge_kid"]
    for key, name, low in (("value", "fake", "low"), ("real", "floor", "real_low")):
        blocks = kid(seen[name].features, seen["test"].features)
        assert found[key] == pytest.approx(blocks.mean(), rel=1e-9)
        reach = 1.96 * blocks.std() / 10**0.5
        assert found[key] - found[low] == pytest.approx(reach, rel=0.06)
    assert found["noise"] > found["value"] > found["real"]
