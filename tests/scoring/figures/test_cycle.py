"""How far images come back from where they were, beside other images in their place."""

import numpy as np
import pytest

from pipeline.scoring.candidates import Images
from pipeline.scoring.figures.cycle import measure


def of(levels: list[int]) -> Images:
    """Images of four pixels of one grey level each."""
    return Images(np.array(levels, np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 1, 2, 2), np.uint8), None)


def test_the_error_is_the_mean_difference_of_a_pixel_where_white_is_one() -> None:
    sources, back = of([0, 255, 51, 102]), of([51, 255, 0, 0])
    back.images[1, 0, 0] = 0  # half of the white one is lost
    found = measure({"sources": sources, "cycle": back, "seed": 0})["cycle_error"]
    assert found["value"] == pytest.approx((0.2 + 0.5 + 0.2 + 0.4) / 4)


def test_noise_is_of_other_images_in_their_place() -> None:
    """Of two levels, as many of each, another image is a fifth off in half of the places."""
    sources = of([0, 51] * 200)
    found = measure({"sources": sources, "cycle": sources, "seed": 0})["cycle_error"]
    assert found["value"] == 0
    assert found["noise"] == pytest.approx(0.1, abs=0.02)
