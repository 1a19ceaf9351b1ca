"""Density and coverage (Naeem et al. 2020): precision and recall that outliers sway less."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.neighbours import distances, radii

K = 5  # neighbours, as in the paper


def density_coverage(features: NDArray[np.floating], reference: NDArray[np.floating]) -> tuple[float, float]:
    """How many real images a sample is near to, over K; and the share of real images with a sample near them.

    features: [N, D], reference: real [M, D]; sections 3.1-3.2. Near a real image is what is no farther
    from it than its K-th nearest other real image. Density is around 1 for real images and can exceed it.
    """
    reach = radii(reference, K)
    inside, covered = 0, np.zeros(len(reference), bool)
    for block in distances(features, reference):  # [some of N, M]
        near = block <= reach
        inside += near.sum()
        covered |= near.any(axis=0)
    return float(inside / (K * len(features))), float(covered.mean())
