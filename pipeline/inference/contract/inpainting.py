"""Holes in pictures, filled by what a generator would put there (Yeh et al. 2017)."""

from typing import NamedTuple

import numpy as np

from pipeline import kinds
from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.inversion import Inverted, Told, invert, pictures
from pipeline.inference.errors import InferenceError
from pipeline.kinds.mask import of as mask_of

WINDOW = 7  # pixels a side, in which what is covered makes a pixel count (section 3.2)


class Filled(NamedTuple):
    """The pictures, float32 [N, C, H, W], and what was found; its error is what was descended."""

    images: np.ndarray
    found: Inverted


def inpaint(
    generator: Generator,
    targets: np.ndarray,
    mask: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    starts: int = 32,
    steps: int = 800,
    seed: int = 0,
    told: Told | None = None,
) -> Filled:
    """Fill what the mask covers in `targets`, float32 [N, C, H, W] in the file's range; the rest stays.

    `mask` is float32 [N, 1, H, W], or [1, 1, H, W] for all: 1 where a pixel is known, 0 where it is covered.
    The latent is that of the least weighted sum of absolute differences outside the hole (eq. 4), and 0.003
    times a prior; no critic ships, so that is -log p(z) in place of the critic's verdict of eq. (5). What
    else there is to say is as of `invert`.
    """
    about = generator.description
    field = mask_of(about.outputs[about.picture])
    kinds.find("mask").check("mask", field, mask)
    if not ((mask == 0) | (mask == 1)).all() or not (mask == 0).any((1, 2, 3)).all():
        raise InferenceError("mask: say 1 where a pixel is known and 0 where it is covered, and cover some")
    search = {"starts": starts, "steps": steps, "seed": seed, "told": told}
    found = invert(generator, targets, labels, mask=near_the_hole(mask), filling=True, **search)
    return Filled(np.where(mask == 1, targets, pictures(generator, found)), found)


def near_the_hole(mask: np.ndarray) -> np.ndarray:
    """Return how much each pixel of masks [N, 1, H, W] counts: the covered share of its window (eq. 3).

    0 where it is covered itself; the window ends at the edge of the picture.
    """
    height, width = mask.shape[2:]
    around = WINDOW // 2
    covered, there = (
        np.pad(each, ((0, 0), (0, 0), (around, around), (around, around)))
        for each in (1 - mask, np.ones_like(mask))
    )
    windows = [np.s_[:, :, y : y + height, x : x + width] for y in range(WINDOW) for x in range(WINDOW)]
    shares = sum(covered[each] for each in windows) / sum(there[each] for each in windows)
    return (shares * mask).astype(np.float32)
