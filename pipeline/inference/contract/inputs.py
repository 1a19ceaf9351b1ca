"""What a run feeds: what was asked for, and for the rest what is drawn from the seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from pipeline import kinds
from pipeline.inference.contract.description import Description
from pipeline.inference.errors import InferenceError


@dataclass(frozen=True)
class Given:
    """What was asked for.

    `rows`: by input, one row for all or one for each; `entries`: of codes, single numbers by their place, the
    other ones are drawn.
    """

    rows: Mapping[str, np.ndarray] = field(default_factory=dict)
    entries: Mapping[str, Mapping[int, float]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows are given: 1 where each is for all."""
        return max(map(len, self.rows.values()), default=1)

    def with_rows(self, name: str, rows: np.ndarray) -> "Given":
        """Return the same with the rows of one more input."""
        return Given(dict(self.rows) | {name: rows}, self.entries)


NOTHING = Given()


def columns(description: Description) -> dict[str, int]:
    """Return of each input that can be drawn the first column of noise that it takes.

    The inputs take them one after the other, also where one is given: what is drawn for an input depends on
    the seed alone. So the latent of format 1 has the columns from 0.
    """
    widths = _widths(description)
    return dict(zip(widths, accumulate(widths.values(), initial=0), strict=False))


def noise_width(description: Description) -> int:
    """Return how many columns of noise a row takes."""
    return sum(_widths(description).values())


def _widths(description: Description) -> dict[str, int]:
    """How many columns of noise each input takes that can be drawn, in order."""
    return {
        name: kinds.find(each.kind).width(each)
        for name, each in description.inputs.items()
        if kinds.drawable(each.kind)
    }


def filled(
    description: Description, given: Given, seeds: Sequence[int] | np.ndarray, start: int = 0
) -> dict[str, np.ndarray]:
    """Return a row a seed of each input; `start` is the place of the first seed among all the rows given."""
    firsts, inputs = columns(description), {}
    for name, each in description.inputs.items():
        if name in given.rows:
            rows = given.rows[name]
            end = start + len(seeds)
            inputs[name] = np.repeat(rows, len(seeds), axis=0) if len(rows) == 1 else rows[start:end]
        elif name in firsts:
            inputs[name] = kinds.find(each.kind).draw(each, seeds, firsts[name])
            for index, value in given.entries.get(name, {}).items():
                inputs[name][:, index] = value
        else:
            raise InferenceError(f"{name} is missing: {description.takes()}")
    return inputs


def examples(description: Description, seeds: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
    """Return a row a seed to try a file with: what can be drawn is, the rest are examples of the kind."""
    own = {
        name: kinds.find(each.kind).example(each, len(seeds))
        for name, each in description.inputs.items()
        if not kinds.drawable(each.kind)
    }
    return filled(description, Given(own), seeds)
