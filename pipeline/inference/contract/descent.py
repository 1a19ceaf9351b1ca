"""Many searches at once, each along its own gradient: Adam in NumPy."""

from collections.abc import Callable, Mapping

import numpy as np

# places, float32 [K, n], and which rows they are of, int64 [K] -> losses, float32 [K], and gradients [K, n]
Slope = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
# the least loss of each row so far, float32 [R] -> the rows that go on, int64 [K]
Sieve = Callable[[np.ndarray], np.ndarray]

BETAS = (0.9, 0.999)
EPSILON = 1e-8


def descend(
    slope: Slope,
    start: np.ndarray,
    steps: int,
    rates: tuple[float, float],
    bounds: tuple[float, float] | None,
    told: Callable[[], None],
    sieves: Mapping[int, Sieve] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best place that each row came by, float32 [R, n], and its loss, float32 [R].

    Adam (Kingma & Ba 2015, algorithm 1) from `start`, float32 [R, n]; no row knows of another. The rate falls
    from the first of `rates` to the second, by the same factor at each step. Each number stays within
    `bounds`. `told` is called after each step. Before a step that has one of `sieves`, that says which rows
    go on; the others stay at the best they came by.
    """
    low, high = bounds or (-np.inf, np.inf)
    z, rows = start.clip(low, high), np.arange(len(start))
    best, mean, square = z.copy(), np.zeros_like(z), np.zeros_like(z)
    least, gradient = slope(z, rows)
    for step, rate in enumerate(np.geomspace(*rates, steps).astype(np.float32), 1):
        if sieves and step in sieves:
            going = np.isin(rows, sieves[step](least))
            rows, z, mean, square, gradient = (each[going] for each in (rows, z, mean, square, gradient))
        mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient
        square = BETAS[1] * square + (1 - BETAS[1]) * gradient**2
        moved = mean / (1 - BETAS[0] ** step) / (np.sqrt(square / (1 - BETAS[1] ** step)) + EPSILON)
        z = (z - rate * moved).clip(low, high)
        loss, gradient = slope(z, rows)
        better = loss < least[rows]
        best[rows[better]], least[rows[better]] = z[better], loss[better]
        told()
    return best, least
