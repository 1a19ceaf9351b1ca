"""Numbers that a network computes, with no distribution and no names: float32 [n], or one a row."""

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared import values

DTYPE = "float32"
OPTION = "--field NAME=NUMBERS"


def check_field(field: Field, side: str) -> None:
    """One number, or several."""
    values.check_shape(field, "[n]" if field.shape else "[]")


def about(field: Field) -> str:
    """Nothing is known of them."""
    return ""


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """All its numbers, between commas."""
    found = values.numbers(text, field.shape[0] if field.shape else 1)
    return found if field.shape else found[:, 0]


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Float32 [N, n] or [N]."""
    values.check_array(name, field, DTYPE, array)


def example(field: Field, count: int) -> np.ndarray:
    """Zeros."""
    return np.zeros((count, *field.shape), np.float32)


def names(field: Field) -> list[str]:
    """The place of each; of one alone "value"."""
    return values.numbered(field) if field.shape else ["value"]


def shown(field: Field, row: np.ndarray) -> dict[str, str]:
    """The first numbers."""
    return values.shown(names(field), row)
