"""How often a classifier is right, beside one that knows no more than which class is the most frequent."""

import numpy as np
import pytest

from pipeline.scoring import spread
from pipeline.scoring.candidates import Images
from pipeline.scoring.figures.classifier import measure

LABELS = np.repeat([0, 1, 2], [50, 30, 20])


def test_the_share_of_right_answers_beside_that_of_the_most_frequent_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spread, "DRAWS", 2000)
    classified = LABELS.copy()
    classified[:10] = 2  # ten of the hundred are taken for another class
    test = Images(np.zeros((100, 1, 1, 1), np.uint8), LABELS)
    found = measure({"classified": classified, "test": test, "seed": 0})["classifier_accuracy"]
    assert (found["value"], found["real"], found["noise"]) == (0.9, None, 0.5)
    deviation = np.sqrt(0.9 * 0.1 / 100)
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * deviation, rel=0.1)
