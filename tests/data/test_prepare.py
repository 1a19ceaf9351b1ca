"""Prepared arrays: their form, their determinism, and what is refused when they are opened."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.data.originals import Originals, Split, hold_out
from pipeline.data.prepare import prepare
from pipeline.data.prepared import Prepared
from pipeline.datasets import download
from pipeline.errors import RunError, UserError
from pipeline.files import sha256_of
from pipeline.places import prepared_dir, raw_dir

# of two pictures each: alone 3 or 5 would be the commonest of the dark levels, and 250 or 254 of the bright
FIRST = [3] * 33 + [5] * 31 + [250] * 33 + [252] * 31
SECOND = [5] * 64 + [254] * 33 + [252] * 31


@pytest.fixture
def digits(tmp_path: Path, data) -> Prepared:
    params = data("digits", test_fraction=0.2)
    download(params, tmp_path / "raw")
    return prepare(params, tmp_path / "raw", tmp_path / "prepared")


def test_digits(digits):
    assert digits.images("train").shape == (1438, 1, 8, 8)
    assert digits.images("test").shape == (359, 1, 8, 8)
    assert digits.images("train").dtype == np.uint8
    assert digits.labels("test").dtype == np.int64
    assert (digits.images("train").min(), digits.images("train").max()) == (0, 255)
    assert digits.classes == list("0123456789")
    assert min(digits.counts["test"]["per_class"].values()) >= 34
    assert sum(digits.counts["train"]["per_class"].values()) == digits.counts["train"]["total"] == 1438


def test_the_bytes_are_the_same_every_time(digits, tmp_path, data):
    again = prepare(data("digits", test_fraction=0.2), tmp_path / "raw", tmp_path / "again")
    for path in digits.folder.iterdir():
        assert (again.folder / path.name).read_bytes() == path.read_bytes()


def test_the_checksums_are_those_of_the_files(digits):
    assert set(digits.sha256) == {path.name for path in digits.folder.iterdir()} - {"dataset.json"}
    for name, checksum in digits.sha256.items():
        assert sha256_of(digits.folder / name) == checksum


def test_the_digest_follows_the_pixels(digits, tmp_path, data):
    other = prepare(data("digits", test_fraction=0.2, size=9), tmp_path / "raw", tmp_path / "other")
    assert other.images("test").shape == (359, 1, 9, 9)
    assert other.digest != digits.digest


def test_grey_as_colour(digits, tmp_path, data):
    colour = prepare(data("digits", test_fraction=0.2, channels=3), tmp_path / "raw", tmp_path / "colour")
    assert np.array_equal(colour.images("test"), np.repeat(digits.images("test"), 3, axis=1))


def test_limits_are_of_the_pictures_of_all_batches(tmp_path, data, monkeypatch):
    first, second = (torch.tensor(levels).byte().reshape(2, 1, 8, 8) for levels in (FIRST, SECOND))
    split = Split(np.zeros(4, np.int64), lambda: iter([first, second]))
    monkeypatch.setattr("pipeline.data.prepare.load", lambda *_: Originals([], 1, split, split))
    prepared = prepare(data("digits", size=8, test_fraction=0.2), tmp_path, tmp_path / "prepared")
    assert prepared.fields["images"].about["limits"] == [5, 252]


def test_a_full_disk_leaves_the_earlier_arrays_alone(digits, tmp_path, data, full_disk):
    with pytest.raises(RunError, match="prepared: the disk is full"):
        prepare(data("digits", test_fraction=0.5), tmp_path / "raw", digits.folder)
    assert Prepared.open(digits.folder) == digits
    assert {path.name for path in tmp_path.iterdir()} == {"raw", "prepared"}


def test_originals_that_are_not_there(tmp_path, data):
    with pytest.raises(UserError, match=r"raw is missing or damaged: run `python -m stages.download`"):
        prepare(data("digits", test_fraction=0.2), tmp_path / "raw", tmp_path / "prepared")


def test_nothing_prepared(tmp_path):
    with pytest.raises(UserError, match=r"nowhere/dataset\.json is missing: run `dvc repro`"):
        Prepared.open(tmp_path / "nowhere")


@pytest.mark.parametrize("damage", ["cut short", "other shape", "no json", "other key", "no file"])
def test_damaged_arrays_are_refused(digits, damage):
    images, about = digits.folder / "train_images.npy", digits.folder / "dataset.json"
    match damage:
        case "cut short":
            images.write_bytes(images.read_bytes()[:-1])
        case "other shape":
            np.save(images, np.zeros((1438, 3, 8, 8), np.uint8))
        case "no json":
            about.write_text("{")
        case "other key":
            about.write_text(json.dumps(json.loads(about.read_text()) | {"extra": 1}))
        case "no file":
            images.unlink()
    with pytest.raises(UserError, match=r"run `dvc repro`"):
        Prepared.open(digits.folder)


def test_hold_out_keeps_an_image_of_every_class_on_either_side():
    labels = np.array([0, 0, 1, 1, 1, 1, 1, 1, 1, 1])
    for fraction in (0.01, 0.5, 0.99):
        train, test = hold_out(labels, fraction, ["a", "b"])
        assert sorted([*train, *test]) == list(range(10))
        assert set(labels[train]) == set(labels[test]) == {0, 1}


def test_where_things_are(data):
    params = data("digits", size=28, test_fraction=0.2)
    assert raw_dir(params) == Path("data/raw/digits")
    assert prepared_dir(params) == Path("data/prepared/digits-28")
