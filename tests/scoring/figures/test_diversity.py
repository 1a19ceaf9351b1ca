"""Diversity within a class against a loop over pairs."""

from itertools import combinations

import numpy as np
import pytest

from pipeline.scoring.figures.diversity import class_diversity


def test_is_the_mean_distance_of_pairs() -> None:
    random = np.random.default_rng(0)
    features, labels = random.normal(size=(30, 5)), np.arange(30) % 3
    expected = [
        np.mean([np.linalg.norm(a - b) for a, b in combinations(features[labels == label], 2)])
        for label in range(3)
    ]
    np.testing.assert_allclose(class_diversity(features, labels, 3), expected)


def test_is_blind_to_how_far_the_classes_lie_apart() -> None:
    features = np.random.default_rng(1).normal(size=(20, 4))
    labels = np.arange(20) % 2
    apart = features + labels[:, None] * 100
    np.testing.assert_allclose(class_diversity(apart, labels, 2), class_diversity(features, labels, 2))


def test_one_image_over_and_over_has_none() -> None:
    diversity = class_diversity(np.ones((6, 3)), np.array([0, 0, 0, 0, 0, 1]), 3)
    assert diversity[0] == pytest.approx(0)
    assert np.isnan(diversity[1:]).all()  # one sample, and none: no pair to measure
