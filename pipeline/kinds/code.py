"""Continuous codes that a generator was taught to obey (InfoGAN, Chen et al. 2016): float32 [n]."""

import math
from collections.abc import Sequence

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared import noise, values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "float32"
OPTION = "--code K=NUMBER"

names = values.numbered


def check_field(field: Field, side: str) -> None:
    """Codes are drawn from `low` to `high`."""
    values.check_shape(field, "[n]")
    ends = [field.about.get(end) for end in ("low", "high")]
    if not all(type(end) in (int, float) and math.isfinite(end) for end in ends) or ends[0] >= ends[1]:
        raise InferenceError(f"'low' and 'high' are {ends[0]!r} and {ends[1]!r}: not two numbers that ascend")


def about(field: Field) -> str:
    """What each is drawn from."""
    return f"each drawn from [{field.about['low']:g}, {field.about['high']:g}]"


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """All its numbers, between commas."""
    return values.numbers(text, field.shape[0])


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Float32 [N, n]; values beyond what was drawn in training are allowed: people look there, too."""
    values.check_array(name, field, DTYPE, array)


def width(field: Field) -> int:
    """A column of noise for each code."""
    return field.shape[0]


def draw(field: Field, seeds: Sequence[int] | np.ndarray, first: int) -> np.ndarray:
    """A row a seed, uniform from `low` to `high`."""
    low, high = field.about["low"], field.about["high"]
    share = noise.latent(seeds, field.shape[0], "uniform", first).astype(np.float64)
    return (low + (high - low) * share).astype(np.float32)


def shown(field: Field, row: np.ndarray) -> dict[str, str]:
    """The first codes."""
    return values.shown(names(field), row)
