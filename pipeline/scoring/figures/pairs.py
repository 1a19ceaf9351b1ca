"""Whether the two images that a generator makes at once belong together (Liu and Tuzel 2016, section 4)."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

FIGURES = {
    "pair_agreement": About(
        place=83,
        title="pair agreement",
        good="high",
        explanation="Share of pixels, black or white, in which the second image of a pair is what the first "
        "one asks for. Noise: of other pairs' first images.",
    )
}
NEEDS = {"pairs", "seed"}
ORDER = 240
MIDDLE = 127.5  # between black and white


def measure(evidence: Evidence) -> dict[str, Figure]:
    """The ratio of pixels that agree, as published."""
    found, seed = evidence["pairs"], evidence["seed"]
    values = _agreement(found.other, found.expected)
    others = np.random.default_rng(seed_of(seed, "other pairs")).permutation(len(values))
    noise = float(_agreement(found.other, found.expected[others]).mean())
    return {"pair_agreement": of_mean(values, noise, seed_of(seed, "pairs"))}


def _agreement(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The share of the pixels of each image, [N]."""
    return ((one > MIDDLE) == (other > MIDDLE)).reshape(len(one), -1).mean(1)
