"""How well images come back from their translations (Zhu et al. 2017, eq. (2))."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

FIGURES = {
    "cycle_error": About(
        place=89,
        title="cycle error",
        good="low",
        explanation="How far images that were translated there and back are from what they were: the mean "
        "difference of a pixel, white being 1. Noise: of other images in their place.",
    )
}
NEEDS = {"cycle", "sources", "seed"}
ORDER = 220


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of the samples, which are translations of `sources`."""
    sources, back, seed = evidence["sources"].images, evidence["cycle"].images, evidence["seed"]
    others = np.random.default_rng(seed_of(seed, "others in their place")).permutation(len(sources))
    noise = float(distance(sources, sources[others]).mean())
    return {"cycle_error": of_mean(distance(sources, back), noise, seed_of(seed, "cycle"))}


def distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean over the pixels of each image, [N]."""
    difference = np.abs(one.astype(np.float64) - other) / 255
    return difference.reshape(len(difference), -1).mean(1)
