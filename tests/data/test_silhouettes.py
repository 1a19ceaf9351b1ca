"""Silhouettes: of the volume beside them, in the view that volumes are shown in, white on black."""

import numpy as np
import torch

from pipeline.data import shapes
from pipeline.data.silhouettes import SIDE, silhouette
from pipeline.kinds.shared.rays import rendered


def box(*filled: tuple[slice, slice, slice]) -> torch.Tensor:
    volume = torch.zeros(1, 1, 16, 16, 16, dtype=torch.uint8)
    for part in filled:
        volume[(0, 0, *part)] = 255
    return volume


def test_a_silhouette_is_what_the_picture_covers_scaled_down() -> None:
    volume = box((slice(4, 12), slice(2, 9), slice(3, 14)))
    (found,) = silhouette(volume)[:, 0].numpy()
    large = (rendered(volume[:, 0].numpy() > 0)[0] > 0) * 255.0
    expected = large.reshape(SIDE, 3, SIDE, 3).mean((1, 3))
    assert (found.shape, found.dtype) == ((32, 32), np.uint8)
    assert np.array_equal(found, np.rint(expected))
    assert set(np.unique(found)) > {0, 255}  # and greys on the edge


def test_depth_and_height_can_be_told() -> None:
    everything = slice(0, 16)
    thin, deep = (box((slice(0, depth), slice(10, 16), everything)) for depth in (4, 16))
    above = box((slice(0, 4), slice(0, 6), everything))
    covered = [silhouette(volume).float() / 255 for volume in (thin, deep, above)]
    assert covered[1].sum() > 1.5 * covered[0].sum()
    rows = torch.arange(SIDE).reshape(-1, 1)
    assert (
        (covered[2] * rows).sum() / covered[2].sum() < SIDE / 2 < (covered[0] * rows).sum() / covered[0].sum()
    )


def test_each_volume_has_its_own_beside_it(both_stages, monkeypatch) -> None:
    monkeypatch.setattr(shapes, "COUNTS", {"train": 150, "test": 10})
    prepared = both_stages("silhouettes", size=16, set_aside=20)
    for part in ("train", "aside", "test"):
        volumes = torch.from_numpy(prepared.images(part).copy())
        assert np.array_equal(prepared.part("source", part), silhouette(volumes).numpy())
    assert [prepared.fields[name].kind for name in prepared.tables[0].fields] == ["voxels", "label", "image"]
