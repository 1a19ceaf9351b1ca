"""How much of the images' variance the label explains; what is left is the noise's."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure, each

FIGURES = {
    "label_use": About(
        place=100,
        title="variance: the label's",
        good="as real",
        explanation="Share of the features' variance that the label explains: 0 where labels are ignored, 1 "
        "where the noise is.",
    )
}
NEEDS = {"fake", "floor", "noise", "labels", "classes"}
ORDER = 140


def measure(evidence: Evidence) -> dict[str, Figure]:
    """In the judge's features."""
    classes = len(evidence["classes"])
    figure = each(contestants(evidence), lambda seen: label_use(seen.features, seen.labels, classes))
    return {"label_use": figure}


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
