"""Precision and recall of a generator (Kynkaanniemi et al. 2019, eqs. (1)-(2))."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.manifold import of_samples_and_test
from pipeline.scoring.neighbours import distances, radii

FIGURES = {
    "precision": About(
        place=60,
        title="precision",
        good="as real",
        explanation="Share of samples that lie where real images lie: how real they look.",
    ),
    "recall": About(
        place=61,
        title="recall",
        good="high",
        explanation="Share of test images that lie where samples lie: how much of the real variety is "
        "reached.",
    ),
}
NEEDS = {"fake", "floor", "noise", "test", "seed"}
ORDER = 60
K = 3  # neighbours, as in the paper
CONSTANTS = {"precision, recall: neighbours": K}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """In the judge's features."""
    return dict(zip(FIGURES, of_samples_and_test(evidence, precision_recall), strict=True))


def precision_recall(
    features: NDArray[np.floating], reference: NDArray[np.floating]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which samples [N, D] lie within the real images' reach, and which real images [M, D] in the samples'.

    Precision and recall are their means, of [N] and [M]. The reach of a set is the union of balls around its
    points, each out to the K-th nearest other point.
    """
    sample_radii, real_radii = radii(features, K), radii(reference, K)
    realistic, covered = np.zeros(len(features), bool), np.zeros(len(reference), bool)
    start = 0
    for block in distances(features, reference):  # [some of N, M]
        part = slice(start, start + len(block))
        realistic[part] = (block <= real_radii).any(axis=1)
        covered |= (block <= sample_radii[part, None]).any(axis=0)
        start += len(block)
    return realistic, covered
