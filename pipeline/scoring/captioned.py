"""Pictures of captions that combine what was never trained together, and what they show.

Of captions that pipeline/data/captions.py composed: what those ask for can be measured.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.data.boxes import in_pixels, inked
from pipeline.data.captioned import COLOURS, HEIGHTS, SLANTS
from pipeline.data.captions import BOXED, FULL
from pipeline.data.prepared import Prepared
from pipeline.inference import Network
from pipeline.inference.contract.measures import slant
from pipeline.scoring.candidates import Candidate, Images, generated, look_at, real, shuffled
from pipeline.scoring.judges.judge import Judge

MOST = 2_000  # captions that are asked for
MEASURED = 10_000  # training images, at most, whose boxes are measured
Integers = NDArray[np.int64]


class Captioned(NamedTuple):
    """Samples of captions of test images, row by row with those images."""

    meanings: dict[str, Integers]  # asked for, [N] by attribute; no training image shows that combination
    made: Candidate
    real: Candidate
    # where it should be inked, [N, 4]: in the box that is asked for, or where training images of that digit,
    # size, slant and place are; NaN where there are none
    boxes: NDArray[np.float64]


class Shown(NamedTuple):
    """What pictures show, [N]; -1 and an empty box where nothing."""

    size: Integers
    slant: Integers
    colour: Integers
    box: NDArray[np.float64]  # of the ink, [N, 4]: left, top, right, bottom, in pixels


def captioned(generator: Network, prepared: Prepared, judge: Judge, seed: int) -> dict[str, Captioned]:
    """The evidence `captioned`; none where the generator takes no captions of that rule."""
    names = generator.description.inputs_of("text")
    language = next((each for each in (FULL, BOXED) if prepared.fields.get("captions") == each.field), None)
    if not names or not language:
        return {}
    captions, trained = (prepared.part("captions", part) for part in ("test", "train"))
    meanings, known = language.understood(captions), language.understood(trained)
    together = {row.tobytes() for row in known}
    new = np.array([row.tobytes() not in together for row in meanings])
    order = shuffled(prepared, "test", len(meanings), seed)
    rows = order[new[order]][:MOST]
    truth = real(prepared, "test", rows)
    pictures = generated(generator, None, len(rows), seed, truth.captions, truth.boxes)
    if language is FULL:
        first = slice(MEASURED)
        boxes = _usual_boxes(known[first], inked(prepared.images("train")[first]), meanings[rows])
    elif generator.description.inputs_of("box"):
        boxes = in_pixels(truth.boxes, prepared.size)
    else:
        boxes = np.full((len(rows), 4), np.nan)
    made = look_at(judge, Images(pictures.images, truth.labels))
    asked = dict(zip(language.counts, meanings[rows].T, strict=True))
    return {"captioned": Captioned(asked, made, look_at(judge, truth), boxes)}


def shown(images: NDArray[np.uint8]) -> Shown:
    """What is measured on pictures [N, 3, S, S] of one digit each on black."""
    ink, box, side = images.max(1) / 255, inked(images), images.shape[2]
    there = box.any(1)
    with np.errstate(invalid="ignore"):  # of a black picture
        steep = np.tan(np.radians(slant(ink)))
    mean = (images * ink[:, None]).sum((2, 3))
    shades = np.array(COLOURS) / np.linalg.norm(COLOURS, axis=1, keepdims=True)
    values = {
        "size": ((box[:, 3] - box[:, 1]) / side > np.mean(HEIGHTS)),
        "slant": steep > np.mean(SLANTS),
        "colour": (mean @ shades.T).argmax(1),
    }
    return Shown(**{name: np.where(there, value, -1) for name, value in values.items()}, box=box)


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes [N, 4] and [N, 4]; 0 of an empty one."""
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    common = sides.clip(min=0).prod(1)
    areas = [(each[:, 2:] - each[:, :2]).prod(1) for each in (one, other)]
    return common / (areas[0] + areas[1] - common)


def _usual_boxes(known: Integers, boxes: NDArray[np.float64], meanings: Integers) -> NDArray[np.float64]:
    """The mean of the boxes [N, 4] that mean the same but for the colour, [M, 4]; NaN where there is none."""
    ways = {name: count for name, count in FULL.counts.items() if name != "colour"}
    columns = [list(FULL.counts).index(name) for name in ways]
    of_known, wanted = (
        np.ravel_multi_index(rows[:, columns].T, tuple(ways.values())) for rows in (known, meanings)
    )
    total = int(np.prod(tuple(ways.values())))
    sums = np.stack([np.bincount(of_known, side, total) for side in boxes.T], 1)
    with np.errstate(invalid="ignore"):
        return (sums / np.bincount(of_known, minlength=total)[:, None])[wanted]
