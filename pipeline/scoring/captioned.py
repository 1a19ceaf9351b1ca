"""Pictures of captions that combine what was never trained together, and what they show.

Of captions that pipeline/data/captions.py composed: what those ask for can be measured.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.data.captioned import COLOURS, HEIGHTS, SLANTS
from pipeline.data.captions import COUNTS, FIELD, understood
from pipeline.data.prepared import Prepared
from pipeline.inference import Network
from pipeline.inference.contract.inputs import Given
from pipeline.inference.contract.measures import slant
from pipeline.scoring.candidates import Candidate, Images, drawn, look_at, real, sample_seeds, shuffled
from pipeline.scoring.judges.judge import Judge

MOST = 2_000  # captions that are asked for
MEASURED = 10_000  # training images, at most, whose boxes are measured
INK = 0.3  # brightness from which a pixel is ink
Integers = NDArray[np.int64]


class Captioned(NamedTuple):
    """Samples of captions of test images, row by row with those images."""

    meanings: Integers  # asked for, [N, 5], each a combination that no training image shows
    made: Candidate
    real: Candidate
    boxes: NDArray[np.float64]  # where training images of that digit, size, slant and place are inked, [N, 4]


class Shown(NamedTuple):
    """What pictures show, [N]; -1 and an empty box where nothing."""

    size: Integers
    slant: Integers
    colour: Integers
    box: NDArray[np.float64]  # of the ink, [N, 4]: left, top, right, bottom, in pixels


def captioned(generator: Network, prepared: Prepared, judge: Judge, seed: int) -> dict[str, Captioned]:
    """The evidence `captioned`; none where the generator takes no captions of that rule."""
    names = generator.description.inputs_of("text")
    if not names or prepared.fields.get("captions") != FIELD:
        return {}
    captions, trained = (prepared.part("captions", part) for part in ("test", "train"))
    meanings, known = understood(captions), understood(trained)
    together = {row.tobytes() for row in known}
    new = np.array([row.tobytes() not in together for row in meanings])
    order = shuffled(prepared, "test", len(meanings), seed)
    rows = order[new[order]][:MOST]
    pictures = drawn(generator, sample_seeds(seed, len(rows)), Given({names[0]: captions[rows]}))
    truth = real(prepared, "test", rows)
    first = slice(MEASURED)
    boxes = _usual_boxes(known[first], shown(prepared.images("train")[first]).box, meanings[rows])
    made = look_at(judge, Images(pictures, truth.labels))
    return {"captioned": Captioned(meanings[rows], made, look_at(judge, truth), boxes)}


def shown(images: NDArray[np.uint8]) -> Shown:
    """What is measured on pictures [N, 3, S, S] of one digit each on black."""
    ink = images.max(1) / 255
    inked = ink > INK
    there, side = inked.any((1, 2)), images.shape[2]
    (left, right), (top, bottom) = (_ends(inked.any(axis)) for axis in (1, 2))
    with np.errstate(invalid="ignore"):  # of a black picture
        steep = np.tan(np.radians(slant(ink)))
    mean = (images * ink[:, None]).sum((2, 3))
    shades = np.array(COLOURS) / np.linalg.norm(COLOURS, axis=1, keepdims=True)
    values = {
        "size": ((bottom - top) / side > np.mean(HEIGHTS)),
        "slant": steep > np.mean(SLANTS),
        "colour": (mean @ shades.T).argmax(1),
    }
    box = np.where(there[:, None], np.stack([left, top, right, bottom], 1), 0.0)
    return Shown(**{name: np.where(there, value, -1) for name, value in values.items()}, box=box)


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes [N, 4] and [N, 4]; 0 of an empty one."""
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    common = sides.clip(min=0).prod(1)
    areas = [(each[:, 2:] - each[:, :2]).prod(1) for each in (one, other)]
    return common / (areas[0] + areas[1] - common)


def _usual_boxes(known: Integers, boxes: NDArray[np.float64], meanings: Integers) -> NDArray[np.float64]:
    """The mean of the boxes [N, 4] that mean the same but for the colour, [M, 4]; NaN where there is none."""
    ways = {name: count for name, count in COUNTS.items() if name != "colour"}
    columns = [list(COUNTS).index(name) for name in ways]
    of_known, wanted = (
        np.ravel_multi_index(rows[:, columns].T, tuple(ways.values())) for rows in (known, meanings)
    )
    total = int(np.prod(tuple(ways.values())))
    sums = np.stack([np.bincount(of_known, side, total) for side in boxes.T], 1)
    with np.errstate(invalid="ignore"):
        return (sums / np.bincount(of_known, minlength=total)[:, None])[wanted]


def _ends(there: NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Where each row [N, L] begins to be true, and where it has ended."""
    return there.argmax(1), there.shape[1] - there[:, ::-1].argmax(1)
