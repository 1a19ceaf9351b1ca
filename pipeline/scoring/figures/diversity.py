"""How much the samples of one class differ from each other, beside how much real ones do."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from pipeline.scoring.evidence import Evidence, contestants, groups
from pipeline.scoring.figure import About, Figure, by_class

FIGURES = {
    "diversity": About(
        place=110,
        title="diversity within a class",
        good="as real",
        explanation="Mean distance between two samples of a class, as a share of that between two test "
        "images: 0 where all samples of a class are the same.",
    )
}
NEEDS = {"fake", "floor", "noise", "test"}
ORDER = 80


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Shares of the test images' diversity; without classes, of all images as one."""
    names, test = evidence.get("classes", []), evidence["test"]
    classes = len(names) or 1
    reality = class_diversity(test.features, groups(evidence, test), classes)
    shares = {
        who: class_diversity(seen.features, groups(evidence, seen), classes) / reality
        for who, seen in contestants(evidence).items()
    }
    figure: Figure = {who: float(np.nanmean(share)) for who, share in shares.items()}
    if names:
        figure["per_class"] = by_class(names, shares["value"])
    return {"diversity": figure}


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
