"""Noise that something is made of, or what an encoder finds in a picture: float32 [n]."""

from collections.abc import Sequence

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared import noise, values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "float32"
OPTION = "--field NAME=NUMBERS or NAME=FILE.npy"
WORDS = {"normal": "drawn from N(0, 1)", "uniform": "drawn from [0, 1)"}

names = values.numbered


def check_field(field: Field, side: str) -> None:
    """An input is drawn, so it has a distribution; what an encoder gives need have none."""
    values.check_shape(field, "[n]")
    distribution = field.about.get("distribution")
    if distribution not in noise.DISTRIBUTIONS and not (side == "output" and distribution is None):
        raise InferenceError(
            f"'distribution' is {distribution!r}: known is {' or '.join(noise.DISTRIBUTIONS)}"
        )


def about(field: Field) -> str:
    """What it is drawn from."""
    return WORDS.get(field.about.get("distribution", ""), "")


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """All its numbers, between commas; or a .npy file of such rows."""
    if text.lower().endswith(".npy"):
        return values.rows(text, field.shape[0])
    return values.numbers(text, field.shape[0])


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Float32 [N, n]."""
    values.check_array(name, field, DTYPE, array)


def width(field: Field) -> int:
    """A column of noise for each number."""
    return field.shape[0]


def draw(field: Field, seeds: Sequence[int] | np.ndarray, first: int) -> np.ndarray:
    """A row a seed, from the field's distribution."""
    return noise.latent(seeds, field.shape[0], field.about["distribution"], first)


def shown(field: Field, row: np.ndarray) -> dict[str, str]:
    """The first numbers."""
    return values.shown(names(field), row)
