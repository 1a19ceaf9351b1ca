"""How often the judge sees in a sample the class that was asked for."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest


def label_accuracy(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The share of rows of logits [N, K] whose largest entry is the row's label, int [N]."""
    return float((logits.argmax(axis=1) == labels).mean())


def accuracy_interval(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> tuple[float, float]:
    """The 95 % interval of `label_accuracy` (Wilson 1927), right also near 0 and 1."""
    right = int((logits.argmax(axis=1) == labels).sum())
    interval = binomtest(right, len(labels)).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def confusion(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Counts [K, K]: the class asked for by row, the class that the judge sees by column."""
    classes = logits.shape[1]
    pairs = labels * classes + logits.argmax(axis=1)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def per_class_accuracy(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """`label_accuracy` of each class, float64 [K]; NaN for a class that no label names."""
    counts = confusion(logits, labels)
    asked = counts.sum(axis=1)
    return np.divide(counts.diagonal(), asked, out=np.full(len(counts), np.nan), where=asked > 0)
