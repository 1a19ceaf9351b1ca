"""Mels are pictures to a judge, and to the figures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.data.prepared import Prepared
from pipeline.datasets import params_class
from pipeline.params import DataParams, EvaluateParams, JudgeParams
from pipeline.scoring.evidence import refer
from pipeline.scoring.judges.training import train_judge

DATA = params_class("spoken_digits")(
    dataset="spoken_digits", path=None, size=32, channels=1, test_fraction=None, set_aside=0, pictures=None
)
JUDGE = JudgeParams(architecture="convolutional", seed=0, epochs=2, batch=60, lr=4e-3, min_accuracy=0.5)
EVALUATE = EvaluateParams(judge="convolutional", samples=100, seed=1, inception_weights=None)


@pytest.mark.slow
def test_sounds_are_judged_and_scored_by_their_mels(prepared_digits: Callable[[DataParams], Path]) -> None:
    mels = Prepared.open(prepared_digits(DATA))
    assert (mels.form, mels.size, mels.channels) == ("32x32 bands and frames", 32, 1)
    assert [mels.counts[part]["total"] for part in ("train", "test")] == [720, 180]
    judge = train_judge(mels, "convolutional", JUDGE)
    assert judge.description["layers"].startswith("conv 32 5x5 s2")
    evidence = refer(mels, {"convolutional": judge}, EVALUATE)
    assert evidence["image"] == mels.fields["images"]
    assert "voxels" not in evidence
