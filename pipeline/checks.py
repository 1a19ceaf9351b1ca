"""What can be told from the parameters and the counts of images, before anything is computed."""

import numpy as np

from pipeline.data.aside import FEWEST
from pipeline.data.originals import Originals
from pipeline.errors import UserError
from pipeline.params import Params

_TO_LEARN, _TO_JUDGE = 100, 20  # images of a class, roughly: below, expect little of it
UNEQUAL = 3  # times as many images in one class as in another, roughly: above, the small one is learnt worse
_NAMED = 10  # classes that a line names


def check_data(params: Params, originals: Originals) -> None:
    """Print what the data are, and a warning where a class has few images; UserError if they can't do."""
    for line in (*originals.remarks, *summary(originals)):
        print(line)
    train, test = len(originals.train.labels), len(originals.test.labels)
    if train < FEWEST or test < FEWEST:
        raise UserError(
            f"{train} images to train on and {test} to test on: scores need {FEWEST} or more of each; "
            "add images" + _larger_fraction(params, train + test)
        )
    if params.model.conditional and len(originals.classes) < 2:
        raise UserError(
            f"model.kind: {params.model.kind} needs images with labels, and these have no classes; put them "
            f"in two class folders or more, or {params.model.without_labels()}"
        )
    if params.train.batch > train:
        raise UserError(f"train.batch: {params.train.batch} is more than the {train} training images")


def summary(originals: Originals) -> list[str]:
    """Return lines on how many images there are, of each class too, and which classes have too few."""
    train, test = originals.train.labels, originals.test.labels
    line = f"{len(train):,} images to train on, {len(test):,} to test on"
    if not originals.classes:
        return [f"{line}, no classes"]
    counts = [np.bincount(labels, minlength=len(originals.classes)) for labels in (train, test)]
    every = list(zip(originals.classes, *counts, strict=True))
    lines = [f"{line}, {len(every)} classes: {_listed(every)}"]
    least, most = (choose(every, key=lambda row: row[1]) for choose in (min, max))
    if most[1] > UNEQUAL * least[1]:
        lines.append(
            f"warning: unequal classes: {least[1]:,} of {least[0]}, {most[1]:,} of {most[0]} to train on; of "
            "your own pictures data.pictures.balance repeats those of small ones"
        )
    few = [row for row in every if row[1] < _TO_LEARN or row[2] < _TO_JUDGE]
    if few:
        lines.append(
            f"warning: few images (to train on + to test on): {_listed(few)}; a class needs about "
            f"{_TO_LEARN} to be learnt and {_TO_JUDGE} to be judged"
        )
    return lines


def _listed(rows: list[tuple[str, int, int]]) -> str:
    named = ", ".join(f"{name} {train:,} + {test:,}" for name, train, test in rows[:_NAMED])
    return named + (f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else "")


def _larger_fraction(params: Params, total: int) -> str:
    """The share that would hold enough out, where there is one."""
    if params.data.test_fraction is None or total < 2 * FEWEST:
        return ""
    share = np.ceil(100 * FEWEST / total) / 100
    return f", or set data.test_fraction to {max(share, 0.1):.2g}"
