"""A box in a picture: float32 [4], left, top, width and height in shares of the picture's sides."""

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared import values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "float32"
OPTION = "--box LEFT,TOP,WIDTH,HEIGHT"
SLACK = 1e-6  # of what numbers in float32 add up to


def check_field(field: Field, side: str) -> None:
    """Four numbers."""
    values.check_shape(field, "[4]")
    if field.shape != (4,):
        raise InferenceError(f"shape is {list(field.shape)}: not [4]")


def about(field: Field) -> str:
    """What the numbers are."""
    return "left, top, width, height in shares of the picture"


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """The four numbers, between commas."""
    return values.numbers(text, 4)


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Float32 [N, 4], each box within the picture, and none of them empty."""
    values.check_array(name, field, DTYPE, array)
    begins, sides = array[:, :2], array[:, 2:]
    outside = ((begins < 0) | (sides <= 0) | (begins + sides > 1 + SLACK)).any(1)
    if outside.any():
        told = ", ".join(f"{number:g}" for number in array[outside.argmax()])
        raise InferenceError(
            f"{name} {told}: say left, top, width, height in shares of the picture; left and top are "
            "0 or more, width and height above 0, left + width and top + height at most 1"
        )


def example(field: Field, count: int) -> np.ndarray:
    """Half the picture a side, in its middle."""
    return np.full((count, 4), [0.25, 0.25, 0.5, 0.5], np.float32)
