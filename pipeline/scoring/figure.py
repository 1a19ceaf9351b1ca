"""What a figure is: the numbers, and the words about them.

A figure is {"value": of the samples, "real": of the floor's real images, "noise": of pure noise}. Some have
`low` and `high`, the ends of a 95 % interval, and `real_low` and `real_high`; `ratio` of value to real with
`ratio_low` and `ratio_high`; an entry `per_class`; `why` where there is none. None is a figure not known.
While they are computed, `draws` holds what `spread` draws of a value: of two generators they are paired.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Figure = dict[str, Any]
Seen = TypeVar("Seen")


class About(NamedTuple):
    """What people are told of a figure; {} in it is the name of a judge after the first."""

    place: int  # its row: the table, metrics.json and the report go by it
    title: str  # what people call it
    good: str  # which values are: low, high, as real, 0, 0.5
    explanation: str  # what it means, for a reader who does not know it

    def by(self, judge: str) -> "About":
        """The same of one judge."""
        return self._replace(title=self.title.format(judge), explanation=self.explanation.format(judge))


def each(contestants: Mapping[str, Seen], figure: Callable[[Seen], float]) -> Figure:
    """The figure of each contestant."""
    return {who: figure(seen) for who, seen in contestants.items()}


def by_class(classes: list[str], values: NDArray[np.float64]) -> dict[str, float]:
    """The entries of [K] by their class's name."""
    return dict(zip(classes, values.tolist(), strict=True))


def rounded(value: Any) -> Any:
    """Figures fit for a file: 5 significant digits, since more are noise; NaN as None; without the draws."""
    if isinstance(value, Mapping):
        return {key: rounded(entry) for key, entry in value.items() if key != "draws"}
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.5g}")
    return value
