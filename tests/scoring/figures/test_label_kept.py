"""Whether the class survives the way through encoder and generator, told by a judge of brightness."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.scoring.candidates import Candidate, Images, look_at
from pipeline.scoring.figures.label_kept import measure

LABELS = np.tile([0, 1], 100)


def brightness(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features, and logits of dark and bright."""
    white = images.reshape(len(images), -1).mean(1, keepdims=True) / 255
    return white, np.hstack([1 - white, white])


JUDGE: Any = SimpleNamespace(features_and_logits=brightness)


def of_class(labels: np.ndarray) -> Images:
    """Black images for 0 and white ones for 1, that are said to be LABELS."""
    return Images((255 * labels).astype(np.uint8).reshape(-1, 1, 1, 1), LABELS)


def kept(returned: Images) -> dict[str, Any]:
    test: Candidate = look_at(JUDGE, of_class(LABELS))
    evidence = {"returned": returned, "test": test, "floor_part": "train", "judges": {"one": JUDGE}}
    return measure(evidence | {"classes": ["0", "1"], "seed": 0})["label_kept"]


def test_it_is_the_share_that_is_seen_in_its_own_class() -> None:
    changed = LABELS.copy()
    changed[:40:2] = 1  # a fifth of the zeros
    figure = kept(of_class(changed))
    assert figure["value"] == pytest.approx((0.8 + 1) / 2)
    assert figure["low"] < figure["value"] < figure["high"]
    assert figure["real"] == 1
    assert figure["noise"] == pytest.approx(0.5, abs=0.1)


def test_one_image_for_all_keeps_no_label() -> None:
    assert kept(of_class(np.zeros(200)))["value"] == pytest.approx(0.5)
