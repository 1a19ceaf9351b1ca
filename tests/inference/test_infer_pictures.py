import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.inference.errors import InferenceError
from pipeline.inference.output.pictures import save, sheet, sheet_size


@given(
    st.integers(1, 9),
    st.integers(1, 12),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([1, 3]),
)
@settings(max_examples=60, deadline=None)
def test_every_picture_is_found_in_its_cell(count, columns, scale, height, width, channels):
    images = np.random.default_rng(count).integers(1, 256, (count, height, width, channels), np.uint8)
    picture = sheet(images, columns, scale)
    assert picture.mode == {1: "L", 3: "RGB"}[channels]
    pixels = np.asarray(picture).reshape(picture.height, picture.width, channels)[::scale, ::scale]
    columns = min(columns, count)
    seen = np.zeros_like(pixels)
    for index, image in enumerate(images):
        top, left = index // columns * height, index % columns * width
        cell = np.s_[top : top + height, left : left + width]
        assert np.array_equal(pixels[cell], image)
        seen[cell] = image
    assert np.array_equal(pixels, seen)  # the cells left over are black


def test_scale_repeats_pixels():
    picture = sheet(np.array([[[[10], [20]]]], np.uint8), 1, 3)
    assert np.asarray(picture).tolist() == [[10] * 3 + [20] * 3] * 3


@pytest.mark.parametrize(
    ("count", "columns", "scale", "told"),
    [
        (1, 0, 1, "columns 0: say 1 or more"),
        (1, 1, -1, "scale -1: say 1 or more"),
        (1, 1, 10**6, r"280000\d* x 280000\d* pixels is too large \(at most 100,000,000 pixels\)"),
        (100_000, 10, 4, "1120 x 1120000 pixels is too large"),
    ],
)
def test_a_sheet_too_large_is_refused(count, columns, scale, told):
    with pytest.raises(InferenceError, match=told):
        sheet_size(count, columns, scale, 28, 28)


@pytest.mark.parametrize(("height", "width", "told"), [(1, 2, "20000 x 10000"), (2, 1, "10000 x 20000")])
def test_both_sides_count_for_the_size_of_a_sheet(height, width, told):
    with pytest.raises(InferenceError, match=f"{told} pixels is too large"):
        sheet(np.zeros((1, height, width, 1), np.uint8), 1, 10_000)


def test_save_makes_folders_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "a" / "b" / "x.png"
    save(Image.new("L", (3, 2), 7), target)
    assert np.array_equal(np.asarray(Image.open(target)), np.full((2, 3), 7))
    assert os.listdir(target.parent) == ["x.png"]


def test_a_failed_save_leaves_the_old_picture(tmp_path, monkeypatch):
    target = tmp_path / "x.png"
    save(Image.new("L", (3, 2), 7), target)
    before = target.read_bytes()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(InferenceError, match=r"x.png: can't be written: No space left on device"):
        save(Image.new("L", (3, 2), 9), target)
    assert target.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.png"]
