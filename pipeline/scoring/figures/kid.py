"""Kernel distance between two sets of features (Binkowski et al. 2018, "Demystifying MMD GANs")."""

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring import spread
from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure
from pipeline.streams import seed_of

FIGURES = {
    "judge_kid": About(
        place=30,
        title="judge-KID",
        good="0",
        explanation="Kernel distance (squared MMD) in the judge's features. Unbiased, so it can fall below "
        "0.",
    )
}
NEEDS = {"fake", "floor", "noise", "test", "seed"}
ORDER = 20
BLOCKS = 10
CONSTANTS = {"KID: blocks": BLOCKS}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """In the judge's features."""
    reference = evidence["test"].features
    blocks = {who: kid(seen.features, reference) for who, seen in contestants(evidence).items()}
    # The blocks' mean drawn again: paired as they are, since block i of all is against the same test images.
    random = np.random.default_rng(seed_of(evidence["seed"], "blocks of kid"))
    drawn = random.integers(len(blocks["value"]), size=(spread.DRAWS, len(blocks["value"])))
    draws = {who: found[drawn].mean(axis=1) for who, found in blocks.items()}
    means = {who: float(found.mean()) for who, found in blocks.items()}
    return {"judge_kid": spread.with_intervals(means, draws, -math.inf)}


def kid(features: NDArray[np.floating], reference: NDArray[np.floating]) -> NDArray[np.float64]:
    """The unbiased squared MMD of BLOCKS disjoint pairs of blocks, float64 [BLOCKS]; KID is their mean.

    features: [N, D], reference: [M, D], shuffled. No image is in two blocks, so that the blocks' deviation
    over the root of their number is the error of the mean. Unbiased, so it can be a little below 0.
    """
    a, b = (np.array_split(np.asarray(rows, np.float64), BLOCKS) for rows in (features, reference))
    return np.array([squared_mmd(ours, theirs) for ours, theirs in zip(a, b, strict=True)])


def squared_mmd(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """The unbiased estimate (Gretton et al. 2012, eq. (3)) from [n, D] and [m, D] with the paper's kernel."""
    within = sum(_mean_off_diagonal(_kernel(rows, rows)) for rows in (a, b))
    return float(within - 2 * _kernel(a, b).mean())


def _kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The polynomial kernel (x . y / D + 1)^3 of every pair, [n, m]."""
    base = a @ b.T / a.shape[1] + 1
    return base * base * base  # many times faster than a power


def _mean_off_diagonal(kernel: NDArray[np.float64]) -> float:
    size = len(kernel)
    return (kernel.sum() - np.trace(kernel)) / (size * (size - 1))
