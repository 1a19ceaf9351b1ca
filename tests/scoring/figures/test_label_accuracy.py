"""Label accuracy against scikit-learn."""

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, recall_score

from pipeline.scoring.figures.label_accuracy import (
    accuracy_draws,
    confusion,
    label_accuracy,
    per_class_accuracy,
)


def test_agrees_with_scikit_learn() -> None:
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(500, 7)), random.integers(0, 7, 500)
    logits[np.arange(300), labels[:300]] += 3
    seen = logits.argmax(axis=1)
    assert label_accuracy(logits, labels) == pytest.approx(balanced_accuracy_score(labels, seen))
    np.testing.assert_allclose(per_class_accuracy(logits, labels), recall_score(labels, seen, average=None))
    np.testing.assert_array_equal(confusion(logits, labels), confusion_matrix(labels, seen))


def test_a_class_nobody_asked_for_has_no_accuracy() -> None:
    accuracy = per_class_accuracy(np.eye(3), np.array([0, 0, 2]))
    np.testing.assert_array_equal(accuracy, [0.5, np.nan, 1.0])


@pytest.mark.parametrize("wrong", [0, 3, 40])
def test_of_one_class_the_draws_are_of_its_posterior(wrong: int) -> None:
    logits = np.tile([1.0, 0.0], (40, 1))
    logits[:wrong] = [0.0, 1.0]
    draws = accuracy_draws(logits, np.zeros(40, int), 20_000, seed=0)
    expected = beta(40 - wrong + 1, wrong + 1).ppf([0.025, 0.975])
    assert np.quantile(draws, [0.025, 0.975]) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    ("images", "share"),
    [([23] * 10, 0.987), ([1000] * 10, 0.995), ([23] * 10, 0.6), ([5, 8, 12, 20, 30, 50, 80, 120], 0.95)],
)
def test_about_95_of_100_intervals_hold_the_true_share(images: list[int], share: float) -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(images)), images)
    held = 0
    for seed in range(300):
        wrong = random.random(len(labels)) > share
        logits = np.eye(len(images))[(labels + wrong) % len(images)]
        low, high = np.quantile(accuracy_draws(logits, labels, 400, seed), [0.025, 0.975])
        held += low <= share <= high
    assert 0.92 < held / 300 < 0.98


def test_each_class_counts_as_much() -> None:
    labels = np.r_[np.zeros(90, int), np.ones(10, int)]
    logits = np.tile([1.0, 0.0], (100, 1))  # always the first class
    assert label_accuracy(logits, labels) == pytest.approx(0.5)
    assert accuracy_draws(logits, labels, 1000, seed=0).mean() == pytest.approx(0.5, abs=0.03)
