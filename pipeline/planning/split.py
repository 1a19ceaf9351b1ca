"""How many pictures are learnt from, set aside, and scored by."""

import math
from dataclasses import dataclass

from pipeline.data.aside import FEWEST, LARGEST
from pipeline.planning.found import Found

FEW = 2 * FEWEST  # pictures with which there are enough to learn from and to score by


@dataclass(frozen=True)
class Split:
    """How many pictures are for what."""

    taken: int
    learnt: int
    aside: int
    test: int
    fraction: float | None


def split_of(found: Found, taken: int) -> Split:
    """A tenth to score by, but no fewer than can be; as many set aside, if a sixth is enough for that."""
    taken = max(taken, FEW)
    if found.test:
        share = taken / (found.count + found.test)
        test, fraction = max(1, round(share * found.test)), None
    else:
        fraction = min(0.5, max(0.1, math.ceil(100 * 1.25 * FEWEST / taken) / 100))
        test = round(taken * fraction)
    train = taken - test
    aside = min(test, train // LARGEST)
    aside = aside if aside >= FEWEST else 0
    return Split(taken, train - aside, aside, test, fraction)
