"""How much of a volume made of a picture is where it should be (Wu et al. 2016, section 4.3)."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

FIGURES = {
    "overlap": About(
        place=14,
        title="intersection over union",
        good="high",
        explanation="How many voxels are filled both in the volume made of a picture and in the one that it "
        "shows, as a share of those that are filled in either; the mean over the volumes. Noise: of the "
        "volume whose picture, of those learnt from, is nearest by pixels.",
    )
}
NEEDS = {"voxels", "translated", "seed"}
ORDER = 54


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of pairs that the generator did not learn from."""
    values, nearest = evidence["translated"].held_against_truth(overlap)
    return {"overlap": of_mean(values, nearest, seed_of(evidence["seed"], "overlap"))}


def overlap(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Intersection over union of volumes [N, 1, D, H, W], filled from 128 on: [N]; 1 where both are empty."""
    first, second = ((volumes >= 128).reshape(len(volumes), -1) for volumes in (one, other))
    union = (first | second).sum(1)
    return np.where(union > 0, (first & second).sum(1) / np.maximum(union, 1), 1.0)
