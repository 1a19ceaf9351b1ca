"""Where pictures on black are inked."""

import numpy as np
from numpy.typing import NDArray

INK = 0.3  # brightness from which a pixel is ink


def inked(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The box around the ink of each picture [N, C, S, S]: left, top, right, bottom in pixels; 0 of none."""
    ink = images.max(1) > INK * 255
    there = ink.any((1, 2))
    (left, right), (top, bottom) = (_ends(ink.any(axis)) for axis in (1, 2))
    return np.where(there[:, None], np.stack([left, top, right, bottom], 1), 0.0)


def in_shares(boxes: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Boxes as `inked` gives them as left, top, width, height in shares; without ink the whole picture."""
    begins, ends = boxes[:, :2] / size, boxes[:, 2:] / size
    found = np.concatenate([begins, ends - begins], 1)
    return np.where(boxes.any(1)[:, None], found, [0, 0, 1, 1]).astype(np.float32)


def in_pixels(boxes: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """The way back."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1).astype(np.float64) * size


def _ends(there: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each row [N, L] begins to be true, and where it has ended."""
    return there.argmax(1), there.shape[1] - there[:, ::-1].argmax(1)
