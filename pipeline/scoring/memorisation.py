"""Whether samples are copies of training images."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.neighbours import nearest_rows, row_distances

CLOSE = 0.01  # of unseen real images, this share lies as close to a training image


def closeness(
    queries: NDArray, training: NDArray, own: Callable[[NDArray[np.int64]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """How near each query [Q, ...] is to a training image, as that image's neighbours go: float32 [Q].

    The distance to the nearest of the training images [T, ...], over that one's distance to its own nearest
    other (`own`, of rows): around 1 for a new image; 0 for a copy, also among classes that are dense.
    """
    rows = nearest_rows(training, queries, 1)[:, 0]
    return row_distances(queries, training[rows]) / np.maximum(own(rows), 1e-6)


def own_distances(training: NDArray) -> Callable[[NDArray[np.int64]], NDArray[np.float32]]:
    """How far rows of the training images lie from their nearest other; each is looked up once."""
    known = np.full(len(training), np.nan, np.float32)

    def look_up(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        new = np.unique(rows[np.isnan(known[rows])])
        if len(new):
            other = nearest_rows(training, training[new], 2)
            # one of the two is the row itself, unless it has a twin
            beside = np.where(other[:, 0] == new, other[:, 1], other[:, 0])
            known[new] = row_distances(training[new], training[beside])
        return known[rows]

    return look_up


def memorised(found: NDArray[np.floating], usual: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which samples are as close to a training image as only CLOSE of unseen real images are, bool [N].

    found: `closeness` of the samples, [N]; usual: of real images that were held out, [M].
    """
    return found <= np.quantile(usual, CLOSE)
