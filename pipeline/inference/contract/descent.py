"""Many searches at once, each along its own gradient: Adam in NumPy."""

from collections.abc import Callable

import numpy as np

# float32 [R, n] -> the loss of each row, float32 [R], and its gradient, float32 [R, n]
Slope = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

BETAS = (0.9, 0.999)
EPSILON = 1e-8


def descend(
    slope: Slope,
    start: np.ndarray,
    steps: int,
    rates: tuple[float, float],
    bounds: tuple[float, float] | None,
    told: Callable[[], None],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best place that each row came by, float32 [R, n], and its loss, float32 [R].

    Adam (Kingma & Ba 2015, algorithm 1) from `start`, float32 [R, n]; no row knows of another. The rate falls
    from the first of `rates` to the second, by the same factor at each step. Each number stays within
    `bounds`. `told` is called after each step.
    """
    low, high = bounds or (-np.inf, np.inf)
    z = start.clip(low, high)
    best, mean, square = z.copy(), np.zeros_like(z), np.zeros_like(z)
    least, gradient = slope(z)
    for step, rate in enumerate(np.geomspace(*rates, steps).astype(np.float32), 1):
        mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient
        square = BETAS[1] * square + (1 - BETAS[1]) * gradient**2
        moved = mean / (1 - BETAS[0] ** step) / (np.sqrt(square / (1 - BETAS[1] ** step)) + EPSILON)
        z = (z - rate * moved).clip(low, high)
        loss, gradient = slope(z)
        better = loss < least
        best[better], least = z[better], np.minimum(loss, least)
        told()
    return best, least
