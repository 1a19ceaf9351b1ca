"""What sees texture answers to each fault of it, the more the stronger it is."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import wasserstein_distance

from pipeline.data.prepared import Prepared
from pipeline.scoring.figures.fid import fid
from pipeline.scoring.figures.patches import patch_distance
from pipeline.scoring.judges.judge import Judge

Fault = Callable[[np.ndarray, float], np.ndarray]


def blurred(images: np.ndarray, deviation: float) -> np.ndarray:
    return gaussian_filter(images.astype(float), (0, 0, deviation, deviation))


def checkered(images: np.ndarray, height: float) -> np.ndarray:
    return images + height * ((np.indices(images.shape[2:]).sum(axis=0) % 2) * 2 - 1)


def noisy(images: np.ndarray, deviation: float) -> np.ndarray:
    return images + np.random.default_rng(0).normal(0, deviation, images.shape)


def coarse(images: np.ndarray, step: float) -> np.ndarray:
    return np.round(images / step) * step


FAULTS: list[tuple[Fault, list[float]]] = [
    (blurred, [0.4, 0.6, 1.0]),
    (checkered, [12, 25, 50]),
    (noisy, [10, 20, 40]),
    (coarse, [50, 85, 127.5]),  # the digits have 17 levels of their own
]


@pytest.mark.parametrize(("fault", "strengths"), FAULTS, ids=lambda part: getattr(part, "__name__", ""))
def test_it_answers_to_a_fault_the_more_the_stronger(
    digits: Prepared, judges: dict[str, Judge], fault: Fault, strengths: list[float]
) -> None:
    images, test = np.array(digits.images("train")[:539]), digits.images("test")
    made = [images] + [
        fault(images, strength).round().clip(0, 255).astype(np.uint8) for strength in strengths
    ]
    reference = judges["texture"].features_and_logits(test)[0]
    judged = [fid(judges["texture"].features_and_logits(each)[0], reference) for each in made]
    patched = [patch_distance(each, test, seed=0) for each in made]
    for found in (judged, patched):
        assert found == sorted(found)
        assert found[-1] > 1.3 * found[0]


def test_in_one_dimension_it_is_the_distance_of_grey_levels() -> None:
    random = np.random.default_rng(1)
    flat = random.integers(0, 200, (300, 1, 1, 1), dtype=np.uint8) * np.ones((1, 1, 8, 8), np.uint8)
    shifted = flat + np.uint8(20)
    # a constant patch projects to its level times the sum of the direction: E|sum| = sqrt(49 * 2 / pi) / 7
    expected = wasserstein_distance(flat[:, 0, 0, 0], shifted[:, 0, 0, 0]) * np.sqrt(2 / np.pi)
    assert patch_distance(flat, shifted, seed=0) == pytest.approx(expected, rel=0.25)
    assert patch_distance(flat, flat, seed=0) == 0


def test_it_is_the_mean_over_the_scales() -> None:
    """Flat images have no details: of the two scales of 32 pixels only the coarser differs."""
    grey = np.full((40, 1, 1, 1), 100, np.uint8)
    small, large = (grey * np.ones((1, 1, side, side), np.uint8) for side in (16, 32))
    one, two = (patch_distance(each, each + np.uint8(20), seed=0) for each in (small, large))
    expected = 20 * np.sqrt(2 / np.pi)
    assert (one, two) == (pytest.approx(expected, rel=0.25), pytest.approx(expected / 2, rel=0.25))


def test_colour_and_unlike_counts_are_fine() -> None:
    random = np.random.default_rng(2)
    ours, theirs = (random.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8) for count in (40, 70))
    assert 0 < patch_distance(ours, theirs, seed=0) < 3 < patch_distance(ours // 2, theirs, seed=0)
