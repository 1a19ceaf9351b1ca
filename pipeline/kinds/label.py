"""A class by its name or number: int64, one a row."""

import difflib
import re
from collections.abc import Sequence

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared import values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "int64"
OPTION = "--digit CLASS"


def check_field(field: Field, side: str) -> None:
    """The classes have names."""
    values.check_shape(field, "[]")
    values.check_classes(field)


def about(field: Field) -> str:
    """The names."""
    classes = field.about["classes"]
    return f"0 to {len(classes) - 1}: {', '.join(classes)}"


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """A class name (in any case) or an index."""
    return np.array([index(text, field.about["classes"], owner)], np.int64)


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Int64 [N], each the index of a class."""
    values.check_array(name, field, DTYPE, array)
    values.check_index(name, array, len(field.about["classes"]))


def example(field: Field, count: int) -> np.ndarray:
    """The classes in turn."""
    return np.arange(count, dtype=np.int64) % len(field.about["classes"])


def names(field: Field) -> list[str]:
    """One number a row."""
    return ["class"]


def shown(field: Field, row: np.ndarray) -> dict[str, str]:
    """The class by name."""
    return {"class": field.about["classes"][int(row)]}


def index(text: str, classes: Sequence[str], owner: str) -> int:
    """Return the class index meant by a class name (in any case) or by an index; a name goes first."""
    folded = [name.casefold() for name in classes]
    if text in classes:
        return classes.index(text)
    if text.casefold() in folded:
        return folded.index(text.casefold())
    if re.fullmatch(r"[0-9]{1,9}", text) and int(text) < len(classes):
        return int(text)
    raise InferenceError(f"{text!r} is no class of {owner}: {_choices(text, classes)}")


def _choices(text: str, classes: Sequence[str]) -> str:
    indices = f"say 0 to {len(classes) - 1}"
    if list(classes) == [str(index) for index in range(len(classes))]:
        return indices
    by_folded = {name.casefold(): name for name in classes}
    near = difflib.get_close_matches(text.casefold(), by_folded, n=3, cutoff=0.5) or list(by_folded)[:3]
    return f"{indices}, or a class name such as {', '.join(by_folded[folded] for folded in near)}"
