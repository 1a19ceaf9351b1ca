"""How often a classifier that ships beside a generator is right."""

import numpy as np

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.spread import draws_of_mean, interval
from pipeline.streams import seed_of

FIGURES = {
    "classifier_accuracy": About(
        place=87,
        title="classifier's accuracy",
        good="high",
        explanation="Share of test images that the classifier beside the generator tells right. Noise: of "
        "naming the most frequent class always.",
    )
}
NEEDS = {"classified", "test", "seed"}
ORDER = 230


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Over all test images, as classifiers are compared."""
    labels, seed = evidence["test"].labels, evidence["seed"]
    right = evidence["classified"] == labels
    value, most = float(right.mean()), float(np.bincount(labels).max() / len(labels))
    draws = draws_of_mean(right, np.zeros(len(right), np.int64), seed_of(seed, "classifier"))
    figure = {"value": value, "real": None, "noise": most} | interval(value, draws)
    return {"classifier_accuracy": figure | {"draws": draws}}
