"""A sound as a log-mel spectrogram: float32 [1, bands, frames] in [-1, 1], the highest band first.

So it is a picture: time goes to the right, low tones are at the bottom, what is loud is bright.
"""

import math

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.image import to_uint8
from pipeline.kinds.shared import values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "float32"
OPTION = "--field NAME=FILE.npy"
LARGEST = 1024  # bands, and frames
FASTEST, LONGEST = 192_000, 16_384  # samples a second, and of a window


def check_field(field: Field, side: str) -> None:
    """In the one range, with all that it takes to make a sound of it."""
    values.check_shape(field, "[1, B, F]")
    if field.shape[0] != 1 or max(field.shape) > LARGEST:
        raise InferenceError(f"shape is {list(field.shape)}: not [1, B, F] with B and F at most {LARGEST}")
    if field.about.get("range") != [-1, 1]:
        raise InferenceError(f"'range' is {field.about.get('range')!r}: known is [-1, 1]")
    rate, hop, window = found = [field.about.get(name) for name in ("rate", "hop", "window")]
    whole = all(type(value) is int and value > 0 for value in found)
    if not whole or rate > FASTEST or window > LONGEST or window % hop or (window - hop) % 2:
        raise InferenceError(
            f"'rate', 'hop' and 'window' are {rate!r}, {hop!r} and {window!r}: not whole, the rate up "
            f"to {FASTEST}, the window up to {LONGEST}, a multiple of the hop and by an even number longer"
        )
    ends = field.about.get("decibels")
    two = isinstance(ends, list) and len(ends) == 2 and all(type(end) in (int, float) for end in ends)
    if not two or not all(map(math.isfinite, ends)) or not -200 <= ends[0] < ends[1] <= 100:
        raise InferenceError(f"'decibels' are {ends!r}: not two numbers that ascend, from -200 to 100")


def about(field: Field) -> str:
    """What its values mean."""
    low, high = field.about["decibels"]
    rate, hop = field.about["rate"], field.about["hop"]
    frames = f"a frame each {1000 * hop / rate:g} ms, {rate:,} samples a second"
    return f"in [-1, 1]: {low:g} to {high:g} dB, {frames}"


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """Mels in a .npy file, as `--out FILE.npy` writes them."""
    sides = (*field.shape[1:], 1)
    found = values.loaded(text, sides, "u", f"uint8 [N, {', '.join(map(str, sides))}]")
    return (found.astype(np.float32) / np.float32(127.5) - 1).transpose(0, 3, 1, 2)


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Float32 [N, 1, B, F], each from -1 to 1."""
    values.check_array(name, field, DTYPE, array)
    if (np.abs(array) > 1).any():
        raise InferenceError(f"{name}: each value is from -1 to 1")


def example(field: Field, count: int) -> np.ndarray:
    """A tone, of each one a band higher."""
    mels = np.full((count, *field.shape), -1, np.float32)
    for index, mel in enumerate(mels):
        mel[0, -1 - index % field.shape[1]] = 1
    return mels


def picture_shape(field: Field) -> tuple[int, int, int]:
    """[C, H, W] of what `pixels` gives: grey."""
    return field.shape


def pixels(field: Field, array: np.ndarray) -> np.ndarray:
    """Map float [N, 1, B, F] to uint8 [N, B, F, 1]."""
    return to_uint8(array)


def stored(field: Field, array: np.ndarray) -> np.ndarray:
    """Map float [N, 1, B, F] to uint8 of the same shape, as data are stored."""
    return np.ascontiguousarray(pixels(field, array).transpose(0, 3, 1, 2))
