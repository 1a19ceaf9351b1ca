"""How much of the images' variance the label explains; what is left is the noise's."""

import numpy as np
from numpy.typing import NDArray


def label_use(features: NDArray[np.floating], labels: NDArray[np.integer], classes: int) -> float:
    """The share of the features' variance between classes (eta squared), from features [N, D] and labels [N].

    0: the label changes nothing; 1: it decides all. NaN where all images are one.
    """
    rows = np.asarray(features, np.float64)
    members = np.bincount(labels, minlength=classes)
    sums = np.zeros((classes, rows.shape[1]))
    np.add.at(sums, labels, rows)
    means = sums / np.maximum(members, 1)[:, None]
    between = (members[:, None] * (means - rows.mean(axis=0)) ** 2).sum()
    total = ((rows - rows.mean(axis=0)) ** 2).sum()
    return float(between / total) if total > 0 else float("nan")
