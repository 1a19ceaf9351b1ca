"""Values right at a bound: the largest sheet, the last dimension, a share of a batch more than full."""

import zipfile

import numpy as np
import pytest

from pipeline.inference import Generator
from pipeline.inference.contract.walks import sweep
from pipeline.inference.errors import InferenceError
from pipeline.inference.output.arrays import save
from pipeline.inference.output.pictures import sheet_size


def test_a_sheet_of_a_hundred_million_pixels_and_no_more():
    assert sheet_size(1, 1, 1, 10_000, 10_000) == (1, 1)
    with pytest.raises(InferenceError, match="too large"):
        sheet_size(1, 1, 1, 1, 100_000_001)


def test_the_first_and_the_last_dimension_are_there(conditional):
    tiny = Generator(conditional, "cpu")
    for dimension in (0, 5):
        assert len(sweep(tiny, 1, dimension, 3, 2)) == 2
    for dimension in (-1, 6):
        with pytest.raises(InferenceError, match=f"--dimension {dimension}: tiny has 0 to 5"):
            sweep(tiny, 1, dimension, 3, 2)


def test_an_archive_holds_all_and_is_dated_at_the_formats_first_day(tmp_path):
    images = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3, 1)
    save([images[:2], images[2:]], images.shape, [1, 2, 3, 4, 5], range(5), tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as found:
        assert np.array_equal(found["images"], images)
        assert found["labels"].tolist() == [1, 2, 3, 4, 5]
        assert found["seeds"].tolist() == [0, 1, 2, 3, 4]
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
