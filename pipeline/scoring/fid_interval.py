"""How far FID would move had other samples been drawn."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from pipeline.scoring.fid import Gaussian, fit, frechet_distance

RESAMPLES = 100


def fid_interval(
    features: NDArray[np.floating], reference: NDArray[np.floating], seed: int, confidence: float = 0.95
) -> tuple[float, float]:
    """The interval fid +- z * (bootstrap standard error), cut at 0 (Efron & Tibshirani 1993, ch. 13).

    Samples [N, D] are drawn again with replacement; the reference [M, D] is part of the protocol and stays.
    Percentiles of the resampled distances would not do: samples seen twice push every one of them upwards.
    """
    random = np.random.default_rng(seed)
    rows, fixed = np.asarray(features, np.float64), fit(reference)
    counts = random.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=RESAMPLES)
    distances = [frechet_distance(_fit_counted(rows, count), fixed) for count in counts]
    centre = frechet_distance(fit(rows), fixed)
    reach = norm.ppf((1 + confidence) / 2) * np.std(distances, ddof=1)
    return max(centre - reach, 0.0), centre + reach


def _fit_counted(rows: NDArray[np.float64], counts: NDArray[np.integer]) -> Gaussian:
    """`fit` of rows [N, D] in which row i stands counts[i] times."""
    mean = counts @ rows / len(rows)
    centred = (rows - mean) * np.sqrt(counts)[:, None]
    values, vectors = np.linalg.eigh(centred.T @ centred / (len(rows) - 1))
    return Gaussian(mean, np.sqrt(values.clip(min=0))[:, None] * vectors.T)
