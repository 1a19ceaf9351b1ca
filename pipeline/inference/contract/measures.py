"""What can be measured on drawings, such as digits: slant, thickness and width of the ink.

What they stand for is Castro et al. 2019 (Morpho-MNIST); the formulas here take grey levels as
they are, so that a small change of the picture is a small change of the figure.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.inference.errors import InferenceError

FRAME = 0.1  # how far from the background the frame of a drawing is, at most, on average
LEAST = 1e-3  # ink, as a share of the picture: less can't be measured


class Attribute(NamedTuple):
    """`measure`: ink float64 [N, H, W] in [0, 1] -> float64 [N], in `unit`."""

    measure: Callable[[np.ndarray], np.ndarray]
    unit: str


def slant(ink: np.ndarray) -> np.ndarray:
    """How far the strokes lean to the right of upright, in degrees, float64 [N].

    arctan(-m11 / m02): the line on which x follows y best, by second central moments (Castro et
    al. 2019). y points downwards in a picture, hence the sign.
    """
    _, m11, m02 = _moments(ink)
    return np.degrees(np.arctan2(-m11, m02))


def thickness(ink: np.ndarray) -> np.ndarray:
    """How wide the strokes are, in pixels, float64 [N]: twice the ink's area over its outline's length.

    A stroke of length l and width w has the area l w and two sides of length l. The length of an outline,
    averaged over all grey levels, is the sum of the gradient's size (the coarea formula, Fleming and Rishel
    1960), so neither blur nor faint ink counts as width.
    """
    framed = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    down, right = np.diff(framed, axis=1), np.diff(framed, axis=2)
    # both at the corner where four pixels meet: right for straight and for diagonal outlines
    slopes = np.hypot(down[:, :, 1:] + down[:, :, :-1], right[:, 1:] + right[:, :-1]) / 2
    return 2 * ink.sum((1, 2)) / slopes.sum((1, 2))


def width(ink: np.ndarray) -> np.ndarray:
    """How wide the drawing would be were it upright, in pixels, float64 [N].

    sqrt(12 (m20 - m11^2 / m02) + 1): a bar of w pixels has a variance of (w^2 - 1) / 12 along x, and this is
    what is left of it when the slant is taken out. So leaning makes nothing wider.
    """
    m20, m11, m02 = _moments(ink)
    leaning = np.divide(m11**2, m02, out=np.zeros_like(m02), where=m02 > 0)
    return np.sqrt(12 * np.maximum(m20 - leaning, 0) + 1)


ATTRIBUTES = {
    "slant": Attribute(slant, "degrees"),
    "thickness": Attribute(thickness, "pixels"),
    "width": Attribute(width, "pixels"),
}


def background(pixels: np.ndarray) -> np.ndarray:
    """Return float64 [C], the middle of all values on the frames of uint8 pictures [N, H, W, C].

    InferenceError where the frames differ too much for drawings, as those of photographs do.
    """
    frames = np.concatenate([pixels[:, [0, -1]], pixels[:, :, [0, -1]].swapaxes(1, 2)], axis=2)
    middle = np.median(frames, axis=(0, 1, 2))
    uneven = float(np.mean(np.abs(frames - middle) / _reach(middle)))
    if uneven > FRAME:
        raise InferenceError(
            f"{', '.join(ATTRIBUTES)} are of drawings on an even background; "
            f"here the pictures' frames differ by {uneven:.0%} on average, at most {FRAME:.0%} will do"
        )
    return middle


def ink(pixels: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return float64 [N, H, W] of uint8 [N, H, W, C]: 0 is the background [C], 1 the farthest from it."""
    return (np.abs(pixels - background) / _reach(background)).max(-1)


def measured(pixels: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return float64 [N, K], all ATTRIBUTES of uint8 [N, H, W, C]; of a blank picture not a number."""
    drawn = ink(pixels, background)
    values = np.full((len(pixels), len(ATTRIBUTES)), np.nan)
    there = drawn.mean((1, 2)) > LEAST
    for index, attribute in enumerate(ATTRIBUTES.values()):
        values[there, index] = attribute.measure(drawn[there])
    return values


def _reach(background: np.ndarray) -> np.ndarray:
    """The farthest that a value can be from it."""
    return np.maximum(background, 255 - background)


def _moments(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the second central moments m20 (along x), m11, m02 (along y): float64 [N], in pixels^2."""
    _, height, width = ink.shape
    share = ink / ink.sum((1, 2), keepdims=True)
    columns, rows = share.sum(1), share.sum(2)
    x = np.arange(width) - (columns @ np.arange(width))[:, None]
    y = np.arange(height) - (rows @ np.arange(height))[:, None]
    mixed = np.einsum("nyx,ny,nx->n", share, y, x)
    return (columns * x**2).sum(1), mixed, (rows * y**2).sum(1)
