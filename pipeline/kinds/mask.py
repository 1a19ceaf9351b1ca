"""How much each pixel of a picture counts: float32 [1, H, W], 1 where it does and 0 where it is covered."""

import numpy as np

from pipeline.fields import Field
from pipeline.kinds import image
from pipeline.kinds.shared import values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "float32"
OPTION = "--field NAME=FILE"
WHITE = 128  # grey levels from which a pixel counts


def of(picture: Field) -> Field:
    """The mask of an image [C, H, W]."""
    return Field("mask", (1, *picture.shape[1:]))


def check_field(field: Field, side: str) -> None:
    """One value a pixel, whatever the colours."""
    values.check_shape(field, "[1, H, W]")
    if field.shape[0] != 1:
        raise InferenceError(f"shape is {list(field.shape)}: not [1, H, W]")


def about(field: Field) -> str:
    """What the two values mean."""
    return "1 where a pixel counts, 0 where it does not, or a weight between"


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """A picture, cut and resized as the picture that it is for: white where a pixel counts, else black."""
    grey = image.pixels_of(text, field.shape)[None]
    return (grey >= WHITE).astype(np.float32).transpose(0, 3, 1, 2)


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Float32 [N, 1, H, W], each from 0 to 1."""
    values.check_array(name, field, DTYPE, array)
    if ((array < 0) | (array > 1)).any():
        raise InferenceError(f"{name}: each pixel of a mask is from 0 to 1")


def example(field: Field, count: int) -> np.ndarray:
    """All pixels count, but those of the upper half in every other one."""
    masks = np.ones((count, *field.shape), np.float32)
    masks[1::2, :, : field.shape[1] // 2] = 0
    return masks
