"""Whether pictures show what captions say: on pictures of which that is known."""

from typing import Any

import numpy as np
import pytest

from pipeline.data.captioned import COLOURS
from pipeline.data.captions import FULL
from pipeline.scoring.candidates import Candidate
from pipeline.scoring.captioned import Captioned, _usual_boxes, overlap, shown
from pipeline.scoring.figures.captions import measure

COUNT = 200
MEANINGS = np.stack([np.arange(COUNT) % number for number in (10, 2, 2, 6, 5)], 1)


def bars(meanings: np.ndarray) -> np.ndarray:
    """A bar as high, as steep and as coloured as is asked for, in pictures of 32 pixels."""
    pictures = np.zeros((len(meanings), 3, 32, 32), np.uint8)
    for picture, (_, size, slant, colour, _) in zip(pictures, meanings, strict=True):
        for row in range(12 + 6 * size):
            column = 10 - round(0.5 * slant * row)
            picture[:, 4 + row, column + 2 : column + 5] = np.array(COLOURS[colour])[:, None]
    return pictures


def candidate(images: np.ndarray, digits: np.ndarray) -> Candidate:
    return Candidate(images, digits, np.zeros((len(images), 1)), np.eye(10)[digits])


def figures(made: np.ndarray, digits: np.ndarray) -> dict[str, Any]:
    truth = candidate(bars(MEANINGS), MEANINGS[:, 0])
    meanings = dict(zip(FULL.counts, MEANINGS.T, strict=True))
    found = Captioned(meanings, candidate(made, digits), truth, shown(truth.images).box)
    return measure({"captioned": found, "seed": 0})


def test_what_is_shown_as_asked_counts_in_full_and_other_captions_by_chance() -> None:
    for name, figure in figures(bars(MEANINGS), MEANINGS[:, 0]).items():
        assert figure["value"] == figure["real"] == 1, name
        assert figure["noise"] < 0.9, name


def test_each_attribute_is_counted_alone() -> None:
    wrong = MEANINGS.copy()
    wrong[:50, 1], wrong[:20, 3] = 1 - wrong[:50, 1], (wrong[:20, 3] + 1) % 6
    found = figures(bars(wrong), (MEANINGS[:, 0] + (np.arange(COUNT) < 10)) % 10)
    values = {name: figure["value"] for name, figure in found.items()}
    assert values.pop("caption_box") < 1
    assert values == pytest.approx(
        {"caption_digit": 0.95, "caption_colour": 0.9, "caption_size": 0.75, "caption_slant": 1}
    )
    assert found["caption_size"]["low"] < 0.75 < found["caption_size"]["high"]


def test_a_black_picture_shows_nothing() -> None:
    found = figures(np.zeros((COUNT, 3, 32, 32), np.uint8), MEANINGS[:, 0])
    assert [found[f"caption_{name}"]["value"] for name in ("size", "slant", "colour", "box")] == [0] * 4


def test_overlap_is_intersection_over_union() -> None:
    boxes = np.array([[0, 0, 4, 2], [0, 0, 4, 2], [0, 0, 4, 2], [0, 0, 0, 0]], float)
    others = np.array([[0, 0, 4, 2], [2, 0, 6, 2], [4, 0, 6, 2], [0, 0, 4, 2]], float)
    assert overlap(boxes, others).tolist() == [1, pytest.approx(4 / 12), 0, 0]


def test_the_usual_box_is_the_mean_of_those_that_mean_the_same_but_for_the_colour() -> None:
    known = np.array([[3, 1, 0, 2, 4], [3, 1, 0, 5, 4], [3, 0, 0, 2, 4]])
    boxes = np.array([[0, 0, 2, 2], [2, 2, 4, 6], [9, 9, 9, 9]], float)
    found = _usual_boxes(known, boxes, np.array([[3, 1, 0, 0, 4], [3, 1, 0, 0, 3]]))
    assert found[0].tolist() == [1, 1, 3, 4]
    assert np.isnan(found[1]).all()
