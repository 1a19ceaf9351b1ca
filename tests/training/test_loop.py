"""Batches and what they are made of."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pixels import to_float, to_uint8
from pipeline.training import batches
from pipeline.training.batches import Batches
from pipeline.training.fixed_noise import spread


def make(count: int, batch: int, seed: int = 0) -> Batches:
    images = np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 1, 4, 4), np.uint8)
    return Batches(images, np.arange(count), batch, seed, torch.device("cpu"))


@given(count=st.integers(4, 60), batch=st.integers(2, 4), seed=st.integers(0, 9), epoch=st.integers(0, 3))
def test_an_epoch_shows_each_image_at_most_once_with_its_label(
    count: int, batch: int, seed: int, epoch: int
) -> None:
    batches = make(count, batch, seed)
    seen = []
    for index in range(batches.per_epoch):
        images, labels = batches[epoch * batches.per_epoch + index]
        assert images.shape == (batch, 1, 4, 4)
        assert (to_uint8(images)[:, 0, 0, 0] == labels).all()
        seen += labels.tolist()
    assert len(seen) == len(set(seen)) == count // batch * batch


def test_a_batch_does_not_depend_on_those_before_it() -> None:
    one, other = make(50, 4), make(50, 4)
    for index in range(30):
        one[index]
    assert torch.equal(one[30][1], other[30][1])
    assert not torch.equal(one[0][1], one[one.per_epoch][1])  # the next epoch is shuffled anew


def test_a_batch_does_not_depend_on_where_the_images_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 8, 8), np.uint8)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    device = torch.device("cpu")
    in_memory = Batches(mapped, np.arange(50), 4, 0, device)
    monkeypatch.setattr(batches, "memory", lambda device: images.nbytes)
    on_disk = Batches(mapped, np.arange(50), 4, 0, device)
    assert on_disk.images.data_ptr() == mapped.ctypes.data != in_memory.images.data_ptr()
    for index in range(2 * in_memory.per_epoch):
        for one, other in zip(in_memory[index], on_disk[index], strict=True):
            assert torch.equal(one, other)


def test_pixels_survive_the_way_to_floats_and_back() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    floats = to_float(pixels)
    assert floats.min() == -1
    assert floats.max() == 1
    assert torch.equal(to_uint8(floats), pixels)


def test_spread_is_the_deviation_within_classes() -> None:
    images = np.array([0, 10, 100, 120], np.uint8).reshape(4, 1, 1, 1)
    assert spread(images, np.array([0, 0, 1, 1])) == pytest.approx((5 + 10) / 2)
