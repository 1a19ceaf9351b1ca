"""Samples that repeat each other."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure, each
from pipeline.scoring.neighbours import radii

FIGURES = {
    "near_duplicates": About(
        place=150,
        title="near duplicates",
        good="as real",
        explanation="Share of samples as close to another one as only 1 % of real images are to another.",
    ),
    "exact_duplicates": About(
        place=151,
        title="exact duplicates",
        good="0",
        explanation="Share of samples that equal an earlier one in every pixel.",
    ),
}
NEEDS = {"fake", "floor", "noise", "test"}
ORDER = 100
CLOSE = 0.01  # of real images, this share lies as close to another one
CONSTANTS = {"near duplicates: share of real ones": CLOSE}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of as many images each: with more of them, all neighbours are nearer."""
    floor, test = evidence["floor"], evidence["test"]
    count = min(len(floor), len(test))
    usual = radii(floor.features[:count], 1)
    # Held against themselves, the floor's images repeat as is usual: the test images tell more.
    seen = contestants(evidence) | {"real": test}
    near = {who: near_duplicates(radii(one.features[:count], 1), usual) for who, one in seen.items()}
    return {
        "near_duplicates": {who: float(flags.mean()) for who, flags in near.items()},
        "exact_duplicates": each(seen, lambda one: exact_duplicates(one.images)),
    }


def exact_duplicates(images: NDArray[np.uint8]) -> float:
    """The share of images [N, C, H, W] that equal an earlier one to the last bit."""
    return 1 - len({image.tobytes() for image in images}) / len(images)


def near_duplicates(nearest: NDArray[np.floating], usual: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which samples are as near to another sample as only CLOSE of the real images are to another, bool [N].

    nearest: [N] distances from each sample to its nearest other; usual: [N], the same among as many real
    images (with more of them, all neighbours are nearer).
    """
    return nearest <= np.quantile(usual, CLOSE)
