"""FID as it would be with infinitely many samples (Chong & Forsyth 2020, "Effectively unbiased FID")."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure, each
from pipeline.scoring.figures.fid import fit, frechet_distance, too_few
from pipeline.streams import seed_of

FIGURES = {
    "judge_fid_infinity": About(
        place=21,
        title="judge-FID, extrapolated",
        good="low",
        explanation="The same for infinitely many samples. What is due to the count of the test images stays "
        "in it, and in the real images' figure.",
    )
}
NEEDS = {"fake", "floor", "noise", "test", "seed"}
ORDER = 15

POINTS = 15
SMALLEST = 0.1  # subset, as a share of the samples
CONSTANTS = {"FID, extrapolated: subsets, smallest share": [POINTS, SMALLEST]}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Where there are enough images for the FID itself."""
    reference = evidence["test"].features
    if too_few(evidence["fake"].features, reference):
        return {}
    seed = seed_of(evidence["seed"], "subsets of the extrapolation")
    figure = each(contestants(evidence), lambda seen: fid_infinity(seen.features, reference, seed))
    return {"judge_fid_infinity": figure}


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
