"""Digits rendered from fonts: framed as MNIST's, each its own drawing, the same in every run."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.data import rendered
from pipeline.errors import UserError


def test_what_is_drawn_is_framed_as_mnist_is() -> None:
    """LeCun et al. 1998: 20 pixels at most, the centre of mass in the middle of 28."""
    page = Image.new("L", (100, 100))
    page.paste(255, (3, 40, 23, 80))  # half as wide as high
    picture = rendered.framed(page)
    rows, columns = np.nonzero(picture)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 23, 9, 18)
    page.paste(255, (23, 40, 43, 44))  # an arm to the right: the mass is left of the middle
    arm = rendered.framed(page)
    columns = arm.sum(0) @ np.arange(28) / arm.sum()
    assert columns == pytest.approx(13.5, abs=0.5)
    assert np.nonzero(arm.sum(0))[0].mean() > 14


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory):
    raw = tmp_path_factory.mktemp("raw") / "fonts"
    rendered.download(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendered, "COUNTS", {"train": 440, "test": 220})
        yield rendered.originals(raw)


def first(split) -> np.ndarray:
    return next(split.batches()).numpy()


def test_every_font_shows_every_digit_each_time_in_another_way(originals) -> None:
    images, labels = first(originals.train), originals.train.labels
    assert labels.tolist() == [number % 10 for number in range(440)]
    assert len({image.tobytes() for image in images}) == 440  # two drawings of each letter
    assert (images.reshape(440, -1).max(1) > 128).all()
    assert not {image.tobytes() for image in first(originals.test)} & {image.tobytes() for image in images}
    assert np.array_equal(images, first(originals.train))
    zeros, ones = (images[labels == digit].mean(0)[0] for digit in (0, 1))
    assert zeros[14, 14] < 64 < ones[14, 14]  # a hole in the one, the stem of the other


def test_a_font_that_is_missing_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"fonts is missing or damaged: run `python -m stages.download`"):
        rendered.originals(tmp_path / "fonts")
