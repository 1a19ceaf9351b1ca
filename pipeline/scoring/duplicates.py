"""Samples that repeat each other."""

import numpy as np
from numpy.typing import NDArray

CLOSE = 0.01  # of real images, this share lies as close to another one


def exact_duplicates(images: NDArray[np.uint8]) -> float:
    """The share of images [N, C, H, W] that equal an earlier one to the last bit."""
    return 1 - len({image.tobytes() for image in images}) / len(images)


def near_duplicates(nearest: NDArray[np.floating], usual: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which samples are as near to another sample as only CLOSE of the real images are to another, bool [N].

    nearest: [N] distances from each sample to its nearest other; usual: [N], the same among as many real
    images (with more of them, all neighbours are nearer).
    """
    return nearest <= np.quantile(usual, CLOSE)
