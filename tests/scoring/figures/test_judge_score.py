"""The judge score at its ends, and against scipy's relative entropy."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from pipeline.scoring.figures.judge_score import judge_score


def test_sharp_and_balanced_is_the_number_of_classes() -> None:
    assert judge_score(np.eye(10).repeat(3, axis=0) * 100) == pytest.approx(10)


def test_all_alike_is_one() -> None:
    assert judge_score(np.tile([5.0, 0.0, -3.0], (20, 1))) == pytest.approx(1)


def test_agrees_with_scipy() -> None:
    logits = np.random.default_rng(0).normal(0, 2, (50, 6))
    shares = softmax(logits, axis=1)
    expected = np.exp(entropy(shares, shares.mean(axis=0, keepdims=True), axis=1).mean())
    assert judge_score(logits) == pytest.approx(expected)
