"""Whether the judge sees something in a volume, or doubts."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.spread import of_shares
from pipeline.streams import seed_of

FIGURES = {
    "confident": About(
        place=13,
        title="read with confidence",
        good="as real",
        explanation="Share of volumes of which the judge gives one class 90 % or more.",
    )
}
NEEDS = {"voxels", "classes", "fake", "floor", "noise", "seed"}
ORDER = 53
SURE = 0.9
CONSTANTS = {"read with confidence: probability of a class": SURE}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """What the judge sees."""
    sure = {who: is_sure(seen.logits) for who, seen in contestants(evidence).items()}
    return {"confident": of_shares(sure, seed_of(evidence["seed"], "confidence"))}


def is_sure(logits: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Of which of the volumes with logits [N, K] one class has a probability of SURE or more, bool [N]."""
    return softmax(np.asarray(logits, np.float64), axis=1).max(axis=1) >= SURE
