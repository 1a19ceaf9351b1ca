"""Whether a generator makes every class as often as reality has it."""

import numpy as np
from numpy.typing import NDArray


def class_shares(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """The share of images that the judge sees in each class, float64 [K], from logits [N, K]."""
    return np.bincount(logits.argmax(axis=1), minlength=logits.shape[1]) / len(logits)


def imbalance(shares: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """The total variation distance of shares [K]: the part of the images that is in the wrong class."""
    return float(np.abs(shares - reference).sum() / 2)
