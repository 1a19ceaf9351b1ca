"""Fréchet distance between two sets of features (Heusel et al. 2017, "TTUR", eq. (6)), in float64."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.candidates import Candidate
from pipeline.scoring.evidence import Evidence, contestants, strata
from pipeline.scoring.figure import About, Figure, each
from pipeline.scoring.spread import counts, ratio, with_intervals
from pipeline.streams import seed_of

FIGURES = {
    "judge_fid": About(
        place=20,
        title="judge-FID",
        good="low",
        explanation="Fréchet distance between samples and test images in the judge's features: 0 where their "
        "means and covariances agree.",
    )
}
NEEDS = {"fake", "floor", "noise", "test", "seed"}
ORDER = 10

ENOUGH = 4  # images a feature: with fewer the distance is that of the noise in the covariances
CONSTANTS = {"FID: images a feature, at the least": ENOUGH}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """In the judge's features."""
    return {"judge_fid": frechet(evidence, contestants(evidence), evidence["test"])}


def frechet(evidence: Evidence, seen: Mapping[str, Candidate], test: Candidate) -> Figure:
    """The distance of each contestant to the test images, if there are enough of them to mean something."""
    why = too_few(seen["value"].features, test.features)
    if why:
        return dict.fromkeys(seen) | {"why": why}
    values = each(seen, lambda one: fid(one.features, test.features))
    draws = {
        who: fid_draws(
            one.features, test.features, strata(evidence, one), seed_of(evidence["seed"], f"fid {who}")
        )
        for who, one in seen.items()
        if who != "noise"
    }
    relative = ratio(values["value"], draws["value"], values["real"], draws["real"])
    return with_intervals(values, draws) | relative


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


def too_few(*sets: NDArray[np.floating]) -> str | None:
    """Why the distance between sets of features [N, D] would mean nothing; None where it means something."""
    fewest, needed = min(map(len, sets)), ENOUGH * sets[0].shape[1]
    return f"{fewest} images are too few for it: {needed} are needed" if fewest < needed else None


def fid_draws(
    features: NDArray[np.floating], reference: NDArray[np.floating], strata: NDArray[np.int64], seed: int
) -> NDArray[np.float64]:
    """The distance in each draw of `spread.counts` from the samples [N, D], float64 [DRAWS].

    The reference [M, D] is part of the protocol and stays. Near a distance of 0 the draws scatter by up to
    the root of 3 too far: the samples are off the truth as each draw is off the samples, and the distance
    goes with the square of both. How far draws are from the samples themselves tells by how much: twice that
    variance is taken out. (For means: |x + e|^2 has the variance 4 x^2 v + 2 v^2, where x^2 is v too large.)
    """
    rows, fixed = np.asarray(features, np.float64), fit(reference)
    own = fit(rows)
    drawn = [_fit_counted(rows, count) for count in counts(strata, seed)]
    distances = np.array([frechet_distance(each, fixed) for each in drawn])
    squares = np.var([frechet_distance(each, own) for each in drawn])
    kept = np.clip(1 - 2 * squares / max(distances.var(), 1e-300), 1 / 3, 1)
    return distances.mean() + (distances - distances.mean()) * np.sqrt(kept)


def _fit_counted(rows: NDArray[np.float64], drawn: NDArray[np.integer]) -> Gaussian:
    """`fit` of rows [N, D] in which row i stands drawn[i] times."""
    mean = drawn @ rows / len(rows)
    centred = (rows - mean) * np.sqrt(drawn)[:, None]
    values, vectors = np.linalg.eigh(centred.T @ centred / (len(rows) - 1))
    return Gaussian(mean, np.sqrt(values.clip(min=0))[:, None] * vectors.T)
