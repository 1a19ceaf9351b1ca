"""Training images that nothing learns from: which, how many, and that nothing does."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.aside import choose_aside, shared_out
from pipeline.data.prepared import Prepared
from pipeline.datasets import params_class
from pipeline.params import DataParams


@pytest.fixture
def digits(prepared_digits: Callable[[DataParams], Path]) -> Prepared:
    """The bundled digits with a sixth of the training images set aside."""
    data = params_class("digits")(
        dataset="digits", path=None, size=8, channels=1, test_fraction=0.2, set_aside=10_000, pictures=None
    )
    return Prepared.open(prepared_digits(data))


def test_the_parts_are_the_whole_and_share_nothing(digits: Prepared) -> None:
    assert {part: digits.counts[part]["total"] for part in digits.counts} == {
        "train": 1199,
        "aside": 239,
        "test": 359,
    }
    rows = np.concatenate([digits.rows("train"), digits.rows("aside")])
    assert np.array_equal(np.sort(rows), np.arange(1438))
    for part in ("train", "aside"):
        assert np.array_equal(digits.images(part), digits.file("train", "images")[digits.rows(part)])
        assert np.array_equal(digits.labels(part), digits.file("train", "labels")[digits.rows(part)])
        counted = np.bincount(digits.labels(part))
        assert counted.tolist() == list(digits.counts[part]["per_class"].values())


def test_it_has_the_class_shares_of_the_test_images() -> None:
    random = np.random.default_rng(0)
    train, test = random.integers(0, 3, 6000), np.repeat([0, 1, 2], [600, 300, 100])
    aside = choose_aside(train, test, 1000)
    assert np.bincount(train[aside]).tolist() == [600, 300, 100]
    assert (np.diff(aside) > 0).all()
    assert np.array_equal(aside, choose_aside(train, test, 1000))


def test_it_is_a_sixth_at_most_and_of_a_class_a_third() -> None:
    assert len(choose_aside(np.zeros(600, int), np.zeros(50, int), 10_000)) == 100
    train, test = np.repeat([0, 1], [594, 6]), np.repeat([0, 1], [10, 90])  # the rare one is what is tested
    assert np.bincount(train[choose_aside(train, test, 10_000)]).tolist() == [10, 2]
    assert len(choose_aside(train, test, 0)) == 0


@given(st.integers(0, 5000), st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any))
def test_shares_are_whole_and_sum_to_the_total(total: int, weights: list[int]) -> None:
    found = shared_out(total, np.array(weights))
    assert found.sum() == total
    exact = total * np.array(weights) / sum(weights)
    assert (np.abs(found - exact) < 1).all()
