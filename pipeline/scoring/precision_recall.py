"""Precision and recall of a generator (Kynkaanniemi et al. 2019, eqs. (1)-(2))."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.neighbours import distances, radii

K = 3  # neighbours, as in the paper


def precision_recall(features: NDArray[np.floating], reference: NDArray[np.floating]) -> tuple[float, float]:
    """Shares of samples [N, D] within the real images' reach, and of real images [M, D] within the samples'.

    The reach of a set is the union of balls around its points, each out to the K-th nearest other point.
    """
    sample_radii, real_radii = radii(features, K), radii(reference, K)
    realistic, covered = 0, np.zeros(len(reference), bool)
    start = 0
    for block in distances(features, reference):  # [some of N, M]
        realistic += (block <= real_radii).any(axis=1).sum()
        covered |= (block <= sample_radii[start : start + len(block), None]).any(axis=0)
        start += len(block)
    return float(realistic / len(features)), float(covered.mean())
