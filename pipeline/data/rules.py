"""What pairs are made by: from pictures uint8 [N, C, H, W] to what goes in, uint8 [N, C', H', W']."""

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from pipeline.data.holes import hole_of
from pipeline.data.images import fit, scaled

SMALLER = 4  # times, a side, in `small`: as Ledig et al. 2017


def edges(images: Tensor) -> Tensor:
    """What a dilation by 3x3 adds to the picture in grey (Liu and Tuzel 2016, section 4); C' is 1."""
    floats = grey(images).float()
    return (max_pool2d(floats, 3, 1, 1) - floats).to(images.dtype)


def grey(images: Tensor) -> Tensor:
    """The brightness; C' is 1."""
    return fit(images, images.shape[-1], 1)


def small(images: Tensor) -> Tensor:
    """The picture at a quarter of its size, bicubic (Ledig et al. 2017, section 3.2)."""
    return scaled(images, images.shape[-1] // SMALLER)


def hole(images: Tensor) -> Tensor:
    """The picture without the square of half its side in the middle (Pathak et al. 2016, section 3.3)."""
    where, holed = hole_of(images.shape[-1]), torch.clone(images)
    holed[..., where, where] = 0
    return holed
