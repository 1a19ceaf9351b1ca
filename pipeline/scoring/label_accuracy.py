"""How often the judge sees in a sample the class that was asked for, each class counting as much."""

import numpy as np
from numpy.typing import NDArray


def label_accuracy(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The share of rows of logits [N, K] whose largest entry is the row's label, int [N]: the classes' mean.

    Classes that no label names don't count.
    """
    return float(np.nanmean(per_class_accuracy(logits, labels)))


def accuracy_draws(
    logits: NDArray[np.floating], labels: NDArray[np.integer], draws: int, seed: int
) -> NDArray[np.float64]:
    """What `label_accuracy` may be behind the one seen, float64 [draws]: right also near 0 and 1.

    Each class's share from its posterior under Jeffreys' prior, Beta(right + 1/2, wrong + 1/2) (Brown et al.
    2001, section 4.2).
    """
    counts = confusion(logits, labels)
    counts = counts[counts.sum(axis=1) > 0], counts.diagonal()[counts.sum(axis=1) > 0]
    asked, right = counts[0].sum(axis=1), counts[1]
    random = np.random.default_rng(seed)
    return random.beta(right + 0.5, asked - right + 0.5, size=(draws, len(asked))).mean(axis=1)


def confusion(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Counts [K, K]: the class asked for by row, the class that the judge sees by column."""
    classes = logits.shape[1]
    pairs = labels * classes + logits.argmax(axis=1)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def per_class_accuracy(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """The share of each class that is seen as it, float64 [K]; NaN for a class that no label names."""
    counts = confusion(logits, labels)
    asked = counts.sum(axis=1)
    return np.divide(counts.diagonal(), asked, out=np.full(len(counts), np.nan), where=asked > 0)
