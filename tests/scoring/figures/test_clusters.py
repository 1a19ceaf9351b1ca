"""The match of categories with classes, and the share of images that it gets right."""

import itertools

import numpy as np
import pytest

from pipeline.scoring.figures.clusters import matched, measure
from pipeline.scoring.parts import Categories

LABELS = np.repeat([0, 1, 2], 40)


def test_the_match_is_the_best_of_all() -> None:
    random = np.random.default_rng(0)
    categories, labels = random.integers(4, size=200), random.integers(4, size=200)
    best = max((np.array(order)[categories] == labels).sum() for order in itertools.permutations(range(4)))
    assert (matched(categories, labels, 4)[categories] == labels).sum() == best


def test_of_two_categories_of_one_class_the_larger_stands_for_it() -> None:
    categories = np.array([0] * 30 + [2] * 10 + [1] * 80)
    assert matched(categories, LABELS, 3).tolist() in ([0, 1, 2], [0, 2, 1])


def test_of_more_categories_than_classes_each_stands_for_its_most_frequent_one() -> None:
    categories = np.array([0] * 30 + [3] * 10 + [1] * 40 + [2] * 40)
    assert matched(categories, LABELS, 4).tolist() == [0, 1, 2, 0]


def test_categories_are_matched_on_other_images_than_they_are_tried_on() -> None:
    swapped = np.array([1, 0, 2])[LABELS]  # right on the one, wrong on the other: only test images count
    right = measure({"categories": Categories(LABELS, LABELS, LABELS, LABELS, 3), "seed": 0})
    wrong = measure({"categories": Categories(swapped, LABELS, LABELS, LABELS, 3), "seed": 0})
    assert right["category_accuracy"]["value"] == 1
    assert wrong["category_accuracy"]["value"] == pytest.approx(1 / 3)
    assert 0.2 < right["category_accuracy"]["noise"] < 0.5


def test_a_category_that_stands_for_none_is_wrong() -> None:
    two = Categories(np.minimum(LABELS, 1), LABELS, LABELS, LABELS, 2)._replace(test=np.minimum(LABELS, 1))
    assert measure({"categories": two, "seed": 0})["category_accuracy"]["value"] == pytest.approx(2 / 3)
