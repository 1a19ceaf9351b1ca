"""Batches and what they are made of, and a step that asks nothing of the device."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline import streams
from pipeline.params import Params
from pipeline.pixels import to_float, to_uint8
from pipeline.streams import stream
from pipeline.training import batches, state
from pipeline.training.batches import Batches, Table
from pipeline.training.distributed import Ranks
from pipeline.training.fixed_inputs import spread
from pipeline.training.loop import Loop
from pipeline.training.state import TrainingState
from pipeline.turn import Turn
from tests.building import CAPTION, batches_of, fields_for
from tests.conftest import PRESETS, tiny
from tests.training.test_train_stage import SYSTEMS, stabilised


def make(count: int, batch: int, seed: int = 0) -> Batches:
    images = np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 1, 4, 4), np.uint8)
    return batches_of(images, np.arange(count), batch, seed, torch.device("cpu"))


@given(count=st.integers(4, 60), batch=st.integers(2, 4), seed=st.integers(0, 9), epoch=st.integers(0, 3))
def test_an_epoch_shows_each_image_at_most_once_with_its_label(
    count: int, batch: int, seed: int, epoch: int
) -> None:
    batches = make(count, batch, seed)
    seen = []
    for index in range(batches.per_epoch):
        images, labels = batches[epoch * batches.per_epoch + index].values()
        assert images.shape == (batch, 1, 4, 4)
        assert (to_uint8(images)[:, 0, 0, 0] == labels).all()
        seen += labels.tolist()
    assert len(seen) == len(set(seen)) == count // batch * batch


def test_a_batch_does_not_depend_on_those_before_it() -> None:
    one, other = make(50, 4), make(50, 4)
    for index in range(30):
        one[index]
    assert torch.equal(one[30]["labels"], other[30]["labels"])
    assert not torch.equal(one[0]["labels"], one[one.per_epoch]["labels"])  # the next epoch is shuffled anew


def test_a_batch_does_not_depend_on_where_the_images_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 8, 8), np.uint8)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    device = torch.device("cpu")
    in_memory = batches_of(mapped, np.arange(50), 4, 0, device)
    monkeypatch.setattr(batches, "memory", lambda device: images.nbytes)
    on_disk = batches_of(mapped, np.arange(50), 4, 0, device)
    assert on_disk.tables[0].fields["images"].data_ptr() == mapped.ctypes.data
    assert in_memory.tables[0].fields["images"].data_ptr() != mapped.ctypes.data
    for index in range(2 * in_memory.per_epoch):
        one, other = in_memory[index], on_disk[index]
        assert all(torch.equal(one[field], other[field]) for field in ("images", "labels"))


def test_a_second_table_is_a_chain_of_passes_that_serves_any_batch() -> None:
    cpu = torch.device("cpu")
    many, few = (Table({name: np.arange(count)}, None, cpu, name) for name, count in (("a", 50), ("b", 7)))
    together = Batches([many, few], 10, 0)
    seen = torch.cat([together[index]["b"] for index in range(7)]).tolist()
    assert [sorted(seen[start : start + 7]) for start in range(0, 70, 7)] == [list(range(7))] * 10
    assert seen[:7] != seen[7:14]
    alone = Batches([many, few], 10, 0)
    assert torch.equal(alone[5]["b"], together[5]["b"])  # whatever was asked for before
    shares = [Batches([many, few], 10, 0, slice(5 * rank, 5 * rank + 5))[3]["b"] for rank in range(2)]
    assert torch.equal(torch.cat(shares), together[3]["b"])


def test_pixels_survive_the_way_to_floats_and_back() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    floats = to_float(pixels)
    assert floats.min() == -1
    assert floats.max() == 1
    assert torch.equal(to_uint8(floats), pixels)


def test_spread_is_the_deviation_within_classes() -> None:
    images = np.array([0, 10, 100, 120], np.uint8).reshape(4, 1, 1, 1)
    assert spread(images, np.array([0, 0, 1, 1])) == pytest.approx((5 + 10) / 2)


def on_a_device_without_values(params: Params, monkeypatch: pytest.MonkeyPatch) -> Loop:
    """The loop on torch's `meta` device, where to ask for the value of anything is an error."""
    # of what has no form for it: random streams, fused Adam, a memory to fill
    monkeypatch.setattr(
        streams, "stream", lambda seed, purpose, step=0, device=None: stream(seed, purpose, step)
    )
    adam = state.Adam
    monkeypatch.setattr(state, "Adam", lambda *given, fused, **named: adam(*given, foreach=True, **named))
    monkeypatch.setattr(Turn, "skip", lambda turn, player, when: when.float())
    monkeypatch.setattr(batches, "memory", lambda device: 1e9)
    device, train, data = torch.device("meta"), params.train, params.data
    fields = fields_for(params, data.channels or 1)
    images = np.zeros((train.batch * (train.d_steps or 1), *fields["images"].shape), np.uint8)
    fresh = TrainingState.fresh(params, fields, device)
    source = np.zeros((len(images), *fields["source"].shape), np.uint8)
    labels, captions = np.zeros(len(images), np.int64), np.zeros((len(images), *CAPTION.shape), np.int64)
    boxes = np.full((len(images), 4), 0.5, np.float32)
    beside = {"source": source, "captions": captions, "boxes": boxes}
    tables = [
        Table({"images": images, "labels": labels} | beside, None, device),
        Table({"other": images, "other_labels": labels}, None, device),
        Table({"labelled": images, "classes": labels, "matched": images}, None, device),
    ]
    return Loop(params, fresh, Batches(tables, train.batch, params.seed), torch.float32, Ranks(device))


@pytest.mark.parametrize(
    "content",
    [
        *[pytest.param(tiny(name), id=name) for name in PRESETS],
        *[
            pytest.param(stabilised(name), id=f"{name}, stabilised", marks=pytest.mark.slow)
            for name in SYSTEMS
        ],
    ],
)
def test_a_step_never_waits_for_the_device(
    project: Callable[[dict[str, Any]], Params], monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    stepping = on_a_device_without_values(project(content), monkeypatch)
    for _ in range(2):
        stepping.step()
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        stepping.row()  # a row of history does
