"""From a picture of any sides to squares of one size: the ways of `data.pictures.square`."""

import torch
from torch.nn.functional import pad

from pipeline.data.images import fit, resized

LONG = 1.2  # long side to short; below, the ends show what the middle does


def squares(picture: torch.Tensor, size: int, way: str) -> list[torch.Tensor]:
    """Squares of uint8 [C, H, W], each uint8 [1, C, size, size]: its own, then any to train on beside it.

    centre: the square in the middle. pad: all of it, the outermost pixels repeated beyond the edges. several:
    the middle, and of a long picture also both ends.
    """
    if way == "pad":
        return [_padded(picture[None], size)]
    cuts = [picture]
    short, long = sorted(picture.shape[1:])
    if way == "several" and long > LONG * short:
        axis = 1 + (picture.shape[2] == long)
        cuts += [picture.narrow(axis, start, short) for start in (0, long - short)]
    return [fit(cut[None], size, len(picture)) for cut in cuts]


def _padded(picture: torch.Tensor, size: int) -> torch.Tensor:
    """Scale first, so that a very long picture is not blown up whole."""
    height, width = (max(1, round(size * side / max(picture.shape[2:]))) for side in picture.shape[2:])
    scaled = resized(picture, (height, width), "bilinear")
    left, top = (size - width) // 2, (size - height) // 2
    margins = (left, size - width - left, top, size - height - top)
    return pad(scaled.float(), margins, mode="replicate").to(torch.uint8)  # torch pads no integers so
