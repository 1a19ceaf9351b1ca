"""One of several categories without a name, which a generator found by itself: int64, one a row."""

import re
from collections.abc import Sequence

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared import noise, values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "int64"
OPTION = "--code K=CATEGORY"


def check_field(field: Field, side: str) -> None:
    """At most as many categories as a column of noise has values."""
    values.check_shape(field, "[]")
    count = field.about.get("count")
    if type(count) is not int or not 1 <= count <= noise.LIMB:
        raise InferenceError(f"'count' is {count!r}: not a whole number from 1 to {noise.LIMB}")


def about(field: Field) -> str:
    """Which numbers there are."""
    return f"0 to {field.about['count'] - 1}"


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """A whole number."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) >= field.about["count"]:
        raise InferenceError(f"{text!r} is no category of {owner}: say {about(field)}")
    return np.array([int(text)], np.int64)


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Int64 [N], each one of the categories."""
    values.check_array(name, field, DTYPE, array)
    values.check_index(name, array, field.about["count"])


def width(field: Field) -> int:
    """One column of noise."""
    return 1


def draw(field: Field, seeds: Sequence[int] | np.ndarray, first: int) -> np.ndarray:
    """A category a seed, each as likely as the others."""
    share = noise.latent(seeds, 1, "uniform", first)[:, 0].astype(np.float64)
    return (share * field.about["count"]).astype(np.int64)


def names(field: Field) -> list[str]:
    """One number a row."""
    return ["category"]


def shown(field: Field, row: np.ndarray) -> dict[str, str]:
    """The number."""
    return {"category": str(int(row))}
