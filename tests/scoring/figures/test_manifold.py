"""Precision, recall, density and coverage against the definitions written as loops."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from pipeline.scoring.figures.density_coverage import density_coverage
from pipeline.scoring.figures.precision_recall import precision_recall


def balls(points: np.ndarray, k: int) -> np.ndarray:
    return np.sort(cdist(points, points), axis=1)[:, k]  # entry 0 is the point's own


def within(queries: np.ndarray, points: np.ndarray, k: int) -> np.ndarray:
    """Whether a query lies in a point's ball, [queries, points]."""
    return cdist(queries, points) <= balls(points, k)


@pytest.fixture
def sets() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(0.5, 0.7, (150, 4)), random.normal(size=(200, 4))


def test_precision_and_recall(sets: tuple[np.ndarray, np.ndarray]) -> None:
    fake, real = sets
    expected = within(fake, real, 3).any(axis=1).mean(), within(real, fake, 3).any(axis=1).mean()
    assert [found.mean() for found in precision_recall(fake, real)] == pytest.approx(expected)
    assert 0.1 < expected[1] < expected[0] < 1  # neither is trivial here


def test_density_and_coverage(sets: tuple[np.ndarray, np.ndarray]) -> None:
    fake, real = sets
    near = within(fake, real, 5)
    expected = near.sum() / (5 * len(fake)), near.any(axis=0).mean()
    assert [found.mean() for found in density_coverage(fake, real)] == pytest.approx(expected)


def test_a_generator_with_one_good_image_is_precise_and_covers_nothing() -> None:
    real = np.random.default_rng(1).normal(size=(300, 3))
    same = np.repeat(real[:1], 100, axis=0)
    precision, recall = (found.mean() for found in precision_recall(same, real))
    assert precision == 1
    assert recall == pytest.approx(1 / 300)
    assert density_coverage(same, real)[1].mean() < 0.1
