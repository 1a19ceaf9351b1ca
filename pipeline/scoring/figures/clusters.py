"""How well categories that were found without labels are the classes (Chen et al. 2016, section 7.2)."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.parts import Categories
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

FIGURES = {
    "category_accuracy": About(
        place=88,
        title="categories' accuracy",
        good="high",
        explanation="Share of test images whose category is the one that stands for their class. Which one "
        "does was matched on other images: one category a class (the Hungarian method), or, of more "
        "categories than classes, the class that most of each are of. Noise: of categories drawn at random.",
    )
}
NEEDS = {"categories", "seed"}
ORDER = 210


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of the network's categories, and of random ones."""
    found, seed = evidence["categories"], evidence["seed"]
    right = _right(found)
    random = np.random.default_rng(seed_of(seed, "random categories"))
    chosen, tested = (random.integers(found.count, size=len(part)) for part in (found.choosing, found.test))
    by_chance = _right(found._replace(choosing=chosen, test=tested))
    return {"category_accuracy": of_mean(right, float(by_chance.mean()), seed_of(seed, "categories"))}


def _right(found: Categories) -> NDArray[np.bool_]:
    """Of which test images the category stands for their class, [N]."""
    match = matched(found.choosing, found.choosing_labels, found.count)
    return match[found.test] == found.test_labels


def matched(categories: NDArray[np.int64], labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The class that each category stands for, int64 [count], so that most images are right.

    categories, labels: int64 [N]. One category a class (Kuhn 1955), -1 for a category of no class; where
    there are more categories than classes, each stands for its most frequent one.
    """
    counts = np.zeros((count, labels.max() + 1), np.int64)
    np.add.at(counts, (categories, labels), 1)
    if count > counts.shape[1]:
        return counts.argmax(1)
    match = np.full(count, -1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    match[rows] = columns
    return match
