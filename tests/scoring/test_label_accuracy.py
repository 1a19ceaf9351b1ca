"""Label accuracy against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from pipeline.scoring.label_accuracy import (
    accuracy_interval,
    confusion,
    label_accuracy,
    per_class_accuracy,
)


def test_agrees_with_scikit_learn() -> None:
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(500, 7)), random.integers(0, 7, 500)
    logits[np.arange(300), labels[:300]] += 3
    seen = logits.argmax(axis=1)
    assert label_accuracy(logits, labels) == pytest.approx(accuracy_score(labels, seen))
    np.testing.assert_allclose(per_class_accuracy(logits, labels), recall_score(labels, seen, average=None))
    np.testing.assert_array_equal(confusion(logits, labels), confusion_matrix(labels, seen))


def test_a_class_nobody_asked_for_has_no_accuracy() -> None:
    accuracy = per_class_accuracy(np.eye(3), np.array([0, 0, 2]))
    np.testing.assert_array_equal(accuracy, [0.5, np.nan, 1.0])


@pytest.mark.parametrize("wrong", [0, 3, 40])
def test_the_interval_is_wilsons(wrong: int) -> None:
    labels = np.r_[np.ones(wrong, int), np.zeros(40 - wrong, int)]
    share, z = 1 - wrong / 40, 1.959964
    centre = (share + z**2 / 80) / (1 + z**2 / 40)
    reach = z / (1 + z**2 / 40) * np.sqrt(share * (1 - share) / 40 + z**2 / 6400)
    logits = np.tile([1.0, 0.0], (40, 1))
    assert accuracy_interval(logits, labels) == pytest.approx((centre - reach, centre + reach), abs=1e-6)
