"""Procedural volumes: whole, each its own, the same in every run."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import label

from pipeline import datasets
from pipeline.data import shapes
from pipeline.datasets import params_class
from pipeline.fields import voxels

CONTENT = {
    "dataset": "voxels",
    "path": None,
    "channels": None,
    "test_fraction": None,
    "set_aside": 0,
    "pictures": None,
}


@pytest.mark.parametrize("side", [16, 32])
@pytest.mark.parametrize("shape", shapes.SHAPES)
def test_a_shape_is_one_piece_in_any_draw(shape: str, side: int) -> None:
    for row in range(30):
        volume = shapes.volume(shape, side, np.random.default_rng(row))
        assert volume.shape == (side,) * 3
        assert label(volume)[1] == 1
        assert 0.02 < volume.mean() < 0.35


def test_shapes_stand_upright_and_look_to_the_front() -> None:
    """[depth, height from above, width]: a chair's back is behind, a lamp's pole below its shade."""
    chair, lamp, torus = (
        shapes.volume(name, 16, np.random.default_rng(0)) for name in ("chair", "lamp", "torus")
    )
    top = np.flatnonzero(chair.any((0, 2)))[0]
    assert np.flatnonzero(chair[:, top].any(1)).min() > 8
    shade, pole, foot = lamp.any(0).sum(1)[[7, 10, 15]]
    assert shade > foot > pole > 0
    assert not torus[7:9, 7:9, 7:9].any()


def test_each_row_has_a_stream_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many rows there are, and of which part, leaves the first ones as they are."""

    def drawn(count: int) -> dict[str, np.ndarray]:
        monkeypatch.setattr(shapes, "COUNTS", {"train": count, "test": 10})
        made = shapes.originals(16)
        assert made.train.labels[:6].tolist() == [0, 1, 2, 3, 4, 0]
        return {part: next(getattr(made, part).batches()).numpy() for part in ("train", "test")}

    few, many = drawn(10), drawn(15)
    assert few["train"].shape == (10, 1, 16, 16, 16)
    assert set(np.unique(few["train"])) == {0, 255}
    assert np.array_equal(few["train"], many["train"][:10])
    assert not np.array_equal(few["train"], few["test"])
    assert len({volume.tobytes() for volume in many["train"]}) == 15


@pytest.mark.parametrize(
    ("change", "told"),
    [({"size": 8}, "volumes have 16 to 64 voxels a side, not 8"), ({"channels": 3}, "no colours")],
)
def test_what_no_volume_can_be_is_refused(change: dict[str, int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        params_class("voxels")(**(CONTENT | {"size": 16} | change))


def test_extruded_digits_stand_in_the_middle(tmp_path: Path) -> None:
    data = params_class("voxel_digits")(
        **(CONTENT | {"dataset": "voxel_digits", "size": 16, "test_fraction": 0.5})
    )
    datasets.download(data, tmp_path / "raw")
    found = datasets.load(data, tmp_path / "raw")
    volumes = next(found.train.batches())
    assert (found.field, volumes.shape[1:], volumes.dtype) == (voxels(16), (1, 16, 16, 16), torch.uint8)
    assert not volumes[:, :, :6].any()
    assert not volumes[:, :, 10:].any()
    assert torch.equal(volumes[:, :, 6], volumes[:, :, 9])
    zeros = volumes[torch.from_numpy(found.train.labels[: len(volumes)] == 0), 0, 8].float().mean(0)
    assert zeros[8, 8] < 30 < 200 < zeros[8, 3:13].max()  # a hole in the middle of the ink
