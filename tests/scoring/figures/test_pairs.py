"""The share of pixels in which two images agree."""

import numpy as np
import pytest

from pipeline.scoring.figures.pairs import measure
from pipeline.scoring.parts import Pairs


def test_it_is_the_share_of_pixels_that_agree() -> None:
    white = np.full((2, 1, 2, 2), 250, np.uint8)
    other = white.copy()
    other[0, 0, 0] = 20  # half of the first one is wrong
    found = measure({"pairs": Pairs(white, other, white), "seed": 0})["pair_agreement"]
    assert found["value"] == pytest.approx(0.75)


def test_noise_is_of_other_pairs() -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, 2, (200, 1, 4, 4)).astype(np.uint8) * 255
    found = measure({"pairs": Pairs(image, image, image), "seed": 0})["pair_agreement"]
    assert found["value"] == 1
    assert found["noise"] == pytest.approx(0.5, abs=0.05)
