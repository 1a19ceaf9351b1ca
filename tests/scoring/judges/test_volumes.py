"""The judge of volumes has three axes, and learns which shape is which."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.data import shapes
from pipeline.data.prepare import prepare
from pipeline.data.prepared import Prepared
from pipeline.datasets import params_class
from pipeline.errors import UserError
from pipeline.params import JudgeParams
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.judges.training import train_judge

DATA = params_class("voxels")(
    dataset="voxels", path=None, size=16, channels=None, test_fraction=None, set_aside=0, pictures=None
)
JUDGE = JudgeParams(architecture="convolutional", seed=0, epochs=3, batch=25, lr=4e-3, min_accuracy=0.9)


@pytest.fixture
def volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    monkeypatch.setattr(shapes, "COUNTS", {"train": 100, "test": 50})
    return prepare(DATA, tmp_path, tmp_path / "prepared")


def test_volumes_are_prepared_as_they_are(volumes: Prepared) -> None:
    assert (volumes.form, volumes.size, volumes.channels) == ("16x16x16 voxels", 16, 1)
    assert np.array_equal(volumes.images("train"), next(shapes.originals(16).train.batches()).numpy())


@pytest.mark.slow
def test_it_tells_shapes_and_can_be_stored(volumes: Prepared, tmp_path: Path) -> None:
    judge = train_judge(volumes, "convolutional", JUDGE)
    assert judge.description["layers"].startswith("conv 32 5x5x5 s2, conv 64 3x3x3 s2")
    judge.save(tmp_path / "judge")
    images = volumes.images("test")[:10]
    features, logits = Judge.load(tmp_path / "judge").features_and_logits(images)
    assert np.array_equal(features, judge.features_and_logits(images)[0])
    assert logits.argmax(1).tolist() == volumes.labels("test")[:10].tolist()
    with pytest.raises(UserError, match=r"looks at uint8 \[N, 1, 16, 16, 16\], not uint8 \[10, 1, 16, 16\]"):
        judge.features_and_logits(images[:, :, 0])


def test_texture_is_of_pictures(volumes: Prepared) -> None:
    texture = JUDGE.model_copy(update={"architecture": "texture"})
    with pytest.raises(
        UserError, match=r"judges\.second\.architecture: texture is of pictures, and these are"
    ):
        train_judge(volumes, "second", texture)
