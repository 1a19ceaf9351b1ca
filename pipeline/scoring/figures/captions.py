"""Whether pictures show what their captions say, in combinations that were never trained together."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.captioned import MOST, Captioned, overlap, shown
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.spread import draws_of_mean, with_intervals
from pipeline.streams import seed_of

_OF = (
    f"Of up to {MOST:,} captions whose combination of attributes no training image has. Real: of the test "
    "images with these captions. Noise: of other captions' samples."
)
_SHARES = {
    "digit": "in which the judge sees the digit",
    "colour": "whose mean colour is nearest to the one",
    "size": "whose ink is as high as the size",
    "slant": "whose ink leans as the slant",
}
FIGURES = {
    f"caption_{name}": About(
        place=101 + index,
        title=f"caption: {name}",
        good="high",
        explanation=f"Share of pictures {what} that the caption names. {_OF}",
    )
    for index, (name, what) in enumerate(_SHARES.items())
} | {
    "caption_box": About(
        place=105,
        title="caption: box",
        good="high",
        explanation="Intersection over union of the box around the ink with the box that was asked for, or "
        f"where none is, with the mean box of training images of that digit, size, slant and place. {_OF}",
    )
}
NEEDS = {"captioned", "seed"}
ORDER = 260


def measure(evidence: Evidence) -> dict[str, Figure]:
    """A share for each attribute that captions tell, and the overlap of the boxes where they tell those."""
    found, seed = evidence["captioned"], seed_of(evidence["seed"], "captions")
    others = np.random.default_rng(seed_of(seed, "other captions")).permutation(len(found.boxes))
    meanings = {name: values[others] for name, values in found.meanings.items()}
    wrong = found._replace(meanings=meanings, boxes=found.boxes[others])
    sides = {
        "value": matches(found.made.images, found.made.logits, found),
        "real": matches(found.real.images, found.real.logits, found),
        "noise": matches(found.made.images, found.made.logits, wrong),
    }
    return {
        f"caption_{name}": _figure({who: side[name] for who, side in sides.items()}, seed)
        for name in sides["value"]
    }


def matches(
    images: NDArray[np.uint8], logits: NDArray[np.floating], asked: Captioned
) -> dict[str, NDArray[np.float64]]:
    """By attribute how well each picture [N] is what was asked for, 0 to 1; NaN where no box is known."""
    seen, wanted = shown(images), asked.meanings
    found = {"digit": logits.argmax(1) == wanted["digit"]}
    found |= {
        name: getattr(seen, name) == wanted[name] for name in ("colour", "size", "slant") if name in wanted
    }
    return found if np.isnan(asked.boxes).all() else found | {"box": overlap(seen.box, asked.boxes)}


def _figure(sides: Mapping[str, NDArray], seed: int) -> Figure:
    known = {who: values[~np.isnan(values)] for who, values in sides.items()}
    draws = {
        who: draws_of_mean(known[who], np.zeros(len(known[who]), np.int64), seed_of(seed, who))
        for who in ("value", "real")
    }
    return with_intervals({who: float(values.mean()) for who, values in known.items()}, draws)
