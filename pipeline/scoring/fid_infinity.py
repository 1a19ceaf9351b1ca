"""FID as it would be with infinitely many samples (Chong & Forsyth 2020, "Effectively unbiased FID")."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.fid import fit, frechet_distance

POINTS = 15
SMALLEST = 0.1  # subset, as a share of the samples


def fid_infinity(features: NDArray[np.floating], reference: NDArray[np.floating], seed: int) -> float:
    """The intercept of FID over 1/N: FID's bias is linear in 1/N (section 4), subsets of the samples show it.

    features: [N, D], reference: [M, D]. What the count of the reference adds stays: the real images' figure
    has it, too. It can come out below 0 by chance where the distance is near 0.
    """
    random = np.random.default_rng(seed)
    fixed = fit(reference)
    sizes = np.linspace(max(2, SMALLEST * len(features)), len(features), POINTS).astype(int)
    distances = [
        frechet_distance(fit(random.choice(features, size, replace=False, shuffle=False)), fixed)
        for size in sizes
    ]
    _, intercept = np.polyfit(1 / sizes, distances, deg=1)
    return float(intercept)
