"""Shares of variance against scipy's one-way analysis; class balance against counting."""

import numpy as np
import pytest
from scipy.stats import f_oneway

from pipeline.scoring.figures.class_balance import class_shares, imbalance
from pipeline.scoring.figures.label_use import label_use


def test_label_use_is_eta_squared() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 200)
    values = random.normal(size=200) + labels * 0.5
    groups = [values[labels == label] for label in range(4)]
    ratio = f_oneway(*groups).statistic * 3 / (200 - 4)  # between over within sum of squares
    assert label_use(values[:, None], labels, 4) == pytest.approx(ratio / (1 + ratio))


def test_its_ends() -> None:
    labels = np.arange(60) % 3
    assert label_use(np.eye(3)[labels], labels, 3) == pytest.approx(1)
    repeated = np.repeat(np.random.default_rng(1).normal(size=(20, 5)), 3, axis=0)  # the same for every label
    assert label_use(repeated, labels, 3) == pytest.approx(0)
    assert np.isnan(label_use(np.ones((60, 2)), labels, 3))


def test_imbalance_is_the_part_in_the_wrong_class() -> None:
    shares = class_shares(np.eye(4)[[0, 0, 0, 1, 1, 2, 2, 2, 2, 2]])
    np.testing.assert_allclose(shares, [0.3, 0.2, 0.5, 0])
    assert imbalance(shares, np.full(4, 0.25)) == pytest.approx(0.3)
    assert imbalance(shares, shares) == 0
