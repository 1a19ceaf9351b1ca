"""What kinds of fields share: checks of shapes and class names, numbers as text."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared.errors import InferenceError

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")

LARGEST = float(np.finfo(np.float32).max)


def check_shape(field: Field, sides: str) -> None:
    """InferenceError unless the shape after N has the sides named, such as "[C, H, W]", each above 0."""
    wanted = len(re.findall(r"\w+", sides))
    if len(field.shape) != wanted or not all(type(side) is int and side > 0 for side in field.shape):
        raise InferenceError(f"shape is {list(field.shape)}: not {sides}")


def check_classes(field: Field) -> None:
    """InferenceError unless `classes` is a list of different names that can be printed."""
    names = field.about.get("classes")
    if not isinstance(names, list) or not names or not all(map(_is_name, names)):
        raise InferenceError("'classes' is no list of class names")
    if len(set(names)) < len(names):
        raise InferenceError("'classes' names one twice")


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and bool(name) and name.isprintable()


def check_array(name: str, field: Field, dtype: str, values: np.ndarray) -> None:
    """InferenceError unless `values` is `dtype` [N, *shape], and no number in it is infinite or none."""
    sides = values.shape[1:]
    fits = len(sides) == len(field.shape) and all(
        side == wanted or isinstance(wanted, str) for side, wanted in zip(sides, field.shape, strict=True)
    )
    if values.dtype != dtype or not fits or not values.ndim:
        found, wanted = (", ".join(map(str, shape)) for shape in (values.shape, ("N", *field.shape)))
        raise InferenceError(f"{name} is {values.dtype} [{found}]; say {dtype} [{wanted}]")
    if not np.isfinite(values).all():
        raise InferenceError(f"{name}: holds a value that is not a number")


def check_index(name: str, values: np.ndarray, count: int) -> None:
    """InferenceError where one of `values` is not from 0 to count - 1."""
    wrong = values[(values < 0) | (values >= count)]
    if wrong.size:
        raise InferenceError(f"{name} {wrong.flat[0]}: say 0 to {count - 1}")


def number(text: str) -> float:
    """Return the number that `text` is, in ASCII and within float32's range."""
    text = text.strip()
    if not NUMBER.fullmatch(text) or abs(float(text)) > LARGEST:
        raise InferenceError(f"{text!r} is no number")
    return float(text)


def numbers(text: str, count: int) -> np.ndarray:
    """Return float32 [1, count]: numbers between commas."""
    found = [number(part) for part in text.split(",")]
    if len(found) != count:
        raise InferenceError(f"{len(found)} numbers: say {count}, between commas")
    return np.array([found], np.float32)


def rows(file: str, count: int) -> np.ndarray:
    """Return float32 [N, count] of a .npy file; InferenceError if it holds another thing."""
    with np.errstate(over="ignore"):  # what is infinite then is refused with the reason
        return np.array(loaded(file, (count,), "f", f"float32 [N, {count}]"), np.float32)


def loaded(file: str, shape: tuple[int, ...], types: str, wanted: str) -> np.ndarray:
    """Return the array [N, *shape] of a .npy file, mapped; `types` are NumPy's letters, `wanted` says both.

    InferenceError if it holds another thing.
    """
    try:
        # mapped: a damaged header can't ask for more memory than the file has bytes
        found = np.load(file, mmap_mode="r", allow_pickle=False)
        if found.dtype.kind not in types or found.shape[1:] != shape or not len(found):
            raise ValueError(f"{found.dtype} {list(found.shape)}")
        return found
    except FileNotFoundError:
        raise InferenceError(f"{file}: no such file") from None
    except MemoryError:
        raise
    except Exception as error:  # a damaged header fails in many ways
        raise InferenceError(f"{file}: no array of {wanted} ({str(error)[:200]})") from error


def numbered(field: Field) -> list[str]:
    """Return a name for each number of a row [n]: its place, from 0."""
    return [str(index) for index in range(field.shape[0])]


def shown(names: Sequence[str], row: np.ndarray, most: int = 8) -> dict[str, str]:
    """Return the first numbers of a row as text, by name."""
    words = {name: f"{value:.4g}" for name, value in zip(names[:most], row.flat, strict=False)}
    return words | ({"...": f"{len(names)} in all"} if len(names) > most else {})
