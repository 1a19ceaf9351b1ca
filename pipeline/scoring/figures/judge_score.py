"""The Inception score (Salimans et al. 2016, section 4), with the judge in Inception's place."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure, each

FIGURES = {
    "judge_score": About(
        place=120,
        title="judge score",
        good="as real",
        explanation="The Inception score, by the judge: at most the number of classes, where each sample is "
        "clearly of one class and all classes are as frequent.",
    )
}
NEEDS = {"fake", "floor", "noise", "classes"}
ORDER = 110


def measure(evidence: Evidence) -> dict[str, Figure]:
    """What the judge sees, whatever was asked for."""
    return {"judge_score": each(contestants(evidence), lambda seen: judge_score(seen.logits))}


def judge_score(logits: NDArray[np.floating]) -> float:
    """exp(mean KL(p(y|x) || p(y))) of logits [N, K]: from 1 (all alike) to K (sharp and balanced)."""
    conditional = log_softmax(np.asarray(logits, np.float64), axis=1)
    marginal = logsumexp(conditional, axis=0) - np.log(len(conditional))
    return float(np.exp((np.exp(conditional) * (conditional - marginal)).sum(axis=1).mean()))
