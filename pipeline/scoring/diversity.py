"""How much the samples of one class differ from each other, beside how much real ones do."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist


def class_diversity(
    features: NDArray[np.floating], labels: NDArray[np.integer], classes: int
) -> NDArray[np.float64]:
    """The mean Euclidean distance between two samples of a class, float64 [K], from features [N, D].

    NaN for a class of fewer than two samples.
    """
    distances = np.full(classes, np.nan)
    for label in range(classes):
        members = features[labels == label]
        if len(members) > 1:
            distances[label] = pdist(members).mean()
    return distances
