"""Whether a generator makes every class as often as reality has it."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure, by_class, each

FIGURES = {
    "class_imbalance": About(
        place=130,
        title="class imbalance",
        good="0",
        explanation="Share of samples that would have to be of another class for the classes to be as "
        "frequent as among the test images.",
    )
}
NEEDS = {"fake", "floor", "noise", "test", "classes"}
ORDER = 120


def measure(evidence: Evidence) -> dict[str, Figure]:
    """What the judge sees, whatever was asked for."""
    usual = class_shares(evidence["test"].logits)
    balance = each(contestants(evidence), lambda seen: imbalance(class_shares(seen.logits), usual))
    shares = by_class(evidence["classes"], class_shares(evidence["fake"].logits))
    return {"class_imbalance": balance | {"per_class": shares}}


def class_shares(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """The share of images that the judge sees in each class, float64 [K], from logits [N, K]."""
    return np.bincount(logits.argmax(axis=1), minlength=logits.shape[1]) / len(logits)


def imbalance(shares: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """The total variation distance of shares [K]: the part of the images that is in the wrong class."""
    return float(np.abs(shares - reference).sum() / 2)
