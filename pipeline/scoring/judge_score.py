"""The Inception score (Salimans et al. 2016, section 4), with the judge in Inception's place."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp


def judge_score(logits: NDArray[np.floating]) -> float:
    """exp(mean KL(p(y|x) || p(y))) of logits [N, K]: from 1 (all alike) to K (sharp and balanced)."""
    conditional = log_softmax(np.asarray(logits, np.float64), axis=1)
    marginal = logsumexp(conditional, axis=0) - np.log(len(conditional))
    return float(np.exp((np.exp(conditional) * (conditional - marginal)).sum(axis=1).mean()))
