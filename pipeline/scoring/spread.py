"""How far a figure would move had other images been drawn: draws of the bootstrap (Efron & Tibshirani 1993).

Draws of figures of two generators are paired: the same draw number means the same test images. So their
difference has an interval that the choice of test images does not widen.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from pipeline.streams import seed_of

DRAWS = 100
CONFIDENCE = 0.95


def counts(strata: NDArray[np.int64], seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield DRAWS times how often each of N images is drawn, int64 [N], with replacement.

    Within each stratum (int64 [N]) as often as it has images: class shares asked for are no accident.
    """
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    for _ in range(DRAWS):
        drawn = np.zeros(len(strata), np.int64)
        for rows in members:
            drawn[rows] = random.multinomial(len(rows), np.full(len(rows), 1 / len(rows)))
        yield drawn


def draws_of_mean(values: NDArray, strata: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """The mean of `values` [N] in each draw, float64 [DRAWS]."""
    rows = np.asarray(values, np.float64)
    return np.array([drawn @ rows / len(rows) for drawn in counts(strata, seed)])


def of_mean(values: NDArray, noise: float | None, seed: int) -> dict[str, Any]:
    """A figure that is the mean of `values` [N], one an image, with its interval; of real images none."""
    value = float(np.mean(values, dtype=np.float64))
    draws = draws_of_mean(values, np.zeros(len(values), np.int64), seed)
    return {"value": value, "real": None, "noise": noise} | interval(value, draws) | {"draws": draws}


def interval(value: float, draws: NDArray[np.float64]) -> dict[str, float]:
    """`low` and `high`: value +- z * the draws' deviation.

    Percentiles of the draws would not do: images seen twice push every distance upwards.
    """
    reach = norm.ppf((1 + CONFIDENCE) / 2) * np.std(draws, ddof=1)
    return {"low": float(value - reach), "high": float(value + reach)}


def ratio(value: float, draws: NDArray, floor: float, floor_draws: NDArray) -> dict[str, float]:
    """value / floor with its interval, from independent draws of either on the scale of logarithms."""
    if min(value, floor) <= 0:
        return {}
    relative = np.hypot(np.std(draws, ddof=1) / value, np.std(floor_draws, ddof=1) / floor)
    reach = np.exp(norm.ppf((1 + CONFIDENCE) / 2) * relative)
    times = value / floor
    return {"ratio": times, "ratio_low": float(times / reach), "ratio_high": float(times * reach)}


def with_intervals(
    values: Mapping[str, float], draws: Mapping[str, NDArray], lowest: float = 0.0
) -> dict[str, Any]:
    """A figure with the intervals of its samples and of its real images, cut at `lowest`."""
    own = interval(values["value"], draws["value"])
    real = interval(values["real"], draws["real"])
    ends = own | {f"real_{end}": value for end, value in real.items()}
    cut = {end: max(value, lowest) if end.endswith("low") else value for end, value in ends.items()}
    return dict(values) | cut | {"draws": draws["value"]}


def over_seeds(found: Mapping[str, NDArray[np.bool_]], seed: int) -> dict[str, Any]:
    """The mean of answers [seeds, M]; its spread is that of the images asked about and of the seeds."""
    draws = {}
    for who, right in found.items():
        of_seeds = np.random.default_rng(seed_of(seed, f"seeds {who}")).normal(size=DRAWS)
        error = right.mean(axis=1).std(ddof=1) / math.sqrt(len(right)) if len(right) > 1 else 0
        strata = np.zeros(right.shape[1], np.int64)
        draws[who] = draws_of_mean(right.mean(axis=0), strata, seed_of(seed, "answers")) + of_seeds * error
    return with_intervals({who: float(right.mean()) for who, right in found.items()}, draws)


def of_shares(found: Mapping[str, NDArray[np.bool_]], seed: int) -> dict[str, Any]:
    """A figure that is the share of flags [N] that are set, with the intervals that the images explain."""
    draws = {who: draws_of_mean(flags, np.zeros(len(flags), np.int64), seed) for who, flags in found.items()}
    return with_intervals({who: float(flags.mean()) for who, flags in found.items()}, draws)
