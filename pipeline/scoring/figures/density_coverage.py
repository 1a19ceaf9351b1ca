"""Density and coverage (Naeem et al. 2020): precision and recall that outliers sway less."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.manifold import of_samples_and_test
from pipeline.scoring.neighbours import distances, radii

FIGURES = {
    "density": About(
        place=70,
        title="density",
        good="as real",
        explanation="How many real images a sample lies among; like precision, but less swayed by outliers. "
        "Can exceed 1.",
    ),
    "coverage": About(
        place=71,
        title="coverage",
        good="high",
        explanation="Share of test images with a sample near them; like recall, but less swayed by outliers.",
    ),
}
NEEDS = {"fake", "floor", "noise", "test", "seed"}
ORDER = 70
K = 5  # neighbours, as in the paper
CONSTANTS = {"density, coverage: neighbours": K}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """In the judge's features."""
    return dict(zip(FIGURES, of_samples_and_test(evidence, density_coverage), strict=True))


def density_coverage(
    features: NDArray[np.floating], reference: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How many real images each sample is near to, over K; and which real images have a sample near them.

    features: [N, D], reference: real [M, D]; sections 3.1-3.2: density and coverage are the means, of [N] and
    [M]. Near a real image is what is no farther from it than its K-th nearest other real image. Density is
    around 1 for real images and can exceed it.
    """
    reach = radii(reference, K)
    inside, covered = np.zeros(len(features)), np.zeros(len(reference), bool)
    start = 0
    for block in distances(features, reference):  # [some of N, M]
        near = block <= reach
        inside[start : start + len(block)] = near.sum(axis=1) / K
        covered |= near.any(axis=0)
        start += len(block)
    return inside, covered
