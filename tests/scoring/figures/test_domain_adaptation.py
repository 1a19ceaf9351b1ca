"""Classifiers that learn from translations, by digits of which something is known."""

import numpy as np
import pytest

from pipeline.data.prepared import Prepared
from pipeline.scoring.candidates import Images, look_at, subset
from pipeline.scoring.figures import domain_adaptation, train_on_generated
from pipeline.scoring.judges.judge import Judge


@pytest.mark.slow
def test_what_is_learnt_from_translations_is_tried_on_real_images(
    digits: Prepared, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_on_generated, "SEEDS", 1)
    plain = Images(digits.images("train"), digits.labels("train"))
    negatives = Images(255 - plain.images, plain.labels)
    test = look_at(judge, Images(digits.images("test"), digits.labels("test")))
    evidence = {"training": plain, "test": test, "seed": 0}
    same = subset(plain, len(plain), 0)  # in the order in which the real ones are taken
    found = domain_adaptation.measure(evidence | {"learnt_as": same, "learnt_from": negatives})
    figure = found["domain_adaptation"]
    assert figure["value"] == figure["real"] > 0.9
    assert figure["noise"] < 0.5
    assert figure["low"] < figure["value"] < figure["high"]
    few = Images(plain.images[:100], plain.labels[:100])
    asked = []
    monkeypatch.setattr(
        domain_adaptation, "train_on", lambda shown, *_: asked.append(len(shown)) or np.ones((1, 9), bool)
    )
    domain_adaptation.measure(evidence | {"learnt_as": few, "learnt_from": few})
    assert all(count <= 100 for count in asked)  # as many real ones: what differs is what they are
