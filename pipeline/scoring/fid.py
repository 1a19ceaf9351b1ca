"""Fréchet distance between two sets of features (Heusel et al. 2017, "TTUR", eq. (6)), in float64."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Gaussian:
    """Mean [D] and a factor F [N, D] of the covariance: covariance = F^T F."""

    mean: NDArray[np.float64]
    factor: NDArray[np.float64]


def fit(features: NDArray[np.floating]) -> Gaussian:
    """The Gaussian of features [N, D], N >= 2, with the unbiased covariance."""
    rows = np.asarray(features, np.float64)
    mean = rows.mean(axis=0)
    # R of the QR decomposition has the same R^T R as the centred rows, and no more than D rows itself.
    factor = np.linalg.qr(rows - mean, mode="r") / np.sqrt(len(rows) - 1)
    return Gaussian(mean, factor)


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """|mean_a - mean_b|^2 + tr(A) + tr(B) - 2 tr((A B)^(1/2)), never below 0.

    With A = F^T F and B = G^T G the eigenvalues of A B are the squared singular values of F G^T, so that the
    trace of the root is their sum. No matrix root is taken: that is exact where few samples leave the
    covariances singular, the case in which `scipy.linalg.sqrtm` goes astray.
    """
    root_trace = np.linalg.svd(a.factor @ b.factor.T, compute_uv=False).sum()
    spread = (a.factor**2).sum() + (b.factor**2).sum() - 2 * root_trace
    return max(float(((a.mean - b.mean) ** 2).sum() + spread), 0.0)


def fid(features: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """The distance between two sets of features [N, D] and [M, D]."""
    return frechet_distance(fit(features), fit(reference))
