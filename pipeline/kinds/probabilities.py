"""How likely each class is, by a classifier: float32 [K], adding up to 1."""

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared import values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "float32"
OPTION = "--field NAME=NUMBERS"
SUM_TOLERANCE = 1e-3  # of a softmax in float32, or of numbers that people round
MOST = 3  # classes that are shown


def check_field(field: Field, side: str) -> None:
    """A number for each class."""
    values.check_shape(field, "[K]")
    values.check_classes(field)
    if len(field.about["classes"]) != field.shape[0]:
        raise InferenceError(f"shape is {list(field.shape)} for {len(field.about['classes'])} classes")


def about(field: Field) -> str:
    """The names of the classes."""
    return f"of {', '.join(field.about['classes'])}"


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """A number for each class, between commas."""
    return values.numbers(text, field.shape[0])


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Float32 [N, K], each from 0 to 1, each row adding up to 1."""
    values.check_array(name, field, DTYPE, array)
    outside = (array < -SUM_TOLERANCE) | (array > 1 + SUM_TOLERANCE)
    if outside.any() or (np.abs(array.sum(1) - 1) > SUM_TOLERANCE).any():
        raise InferenceError(f"{name}: probabilities are from 0 to 1 and add up to 1")


def example(field: Field, count: int) -> np.ndarray:
    """Each class as likely as the others."""
    return np.full((count, *field.shape), 1 / field.shape[0], np.float32)


def names(field: Field) -> list[str]:
    """The classes."""
    return list(field.about["classes"])


def shown(field: Field, row: np.ndarray) -> dict[str, str]:
    """The most likely classes, the likeliest first."""
    best = np.argsort(-row, kind="stable")[:MOST]
    places = ("likeliest", "second", "third")
    classes = field.about["classes"]
    return {place: f"{classes[each]} ({row[each]:.1%})" for place, each in zip(places, best, strict=False)}
