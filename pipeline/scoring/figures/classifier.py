"""How often a classifier that ships beside a generator is right."""

import numpy as np

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.spread import of_mean
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
    most = float(np.bincount(labels).max() / len(labels))
    return {"classifier_accuracy": of_mean(right, most, seed_of(seed, "classifier"))}
