"""Kernel distance between two sets of features (Binkowski et al. 2018, "Demystifying MMD GANs")."""

import numpy as np
from numpy.typing import NDArray

SUBSETS, SUBSET_SIZE = 50, 1000


def kid(features: NDArray[np.floating], reference: NDArray[np.floating], seed: int) -> tuple[float, float]:
    """Mean and standard deviation, over subsets, of the unbiased squared MMD.

    features: [N, D], reference: [M, D]. Unbiased, so it can be a little below 0.
    """
    random = np.random.default_rng(seed)
    size = min(SUBSET_SIZE, len(features), len(reference))
    a, b = np.asarray(features, np.float64), np.asarray(reference, np.float64)
    estimates = [
        squared_mmd(
            a[random.choice(len(a), size, replace=False)], b[random.choice(len(b), size, replace=False)]
        )
        for _ in range(SUBSETS)
    ]
    return float(np.mean(estimates)), float(np.std(estimates))


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
