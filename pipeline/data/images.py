"""From an image file of any kind to uint8 pixels of one size."""

import warnings
from pathlib import Path
from typing import IO

import torch
from PIL import Image, ImageOps

from pipeline.data._torchvision import torchvision
from pipeline.errors import UserError
from pipeline.kinds.image import grey_or_rgb

EXTENSIONS = torchvision.datasets.folder.IMG_EXTENSIONS


def decode(file: Path | IO[bytes], name: str, background: str = "white") -> torch.Tensor:
    """Return the pixels of an image file, upright: uint8 [1, H, W] if its mode is a grey one, else [3, H, W].

    `background` is the colour behind what is transparent. UserError calls a file that is no whole image by
    `name`.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(file) as image:
            plain = grey_or_rgb(ImageOps.exif_transpose(image), background)
    except Exception as error:  # every decoder fails in a way of its own
        reason = " ".join(str(error).split())
        raise UserError(f"{name} can't be read as an image ({reason}): replace it or take it out") from error
    return torchvision.transforms.v2.functional.pil_to_tensor(plain)


def fit(images: torch.Tensor, size: int, channels: int) -> torch.Tensor:
    """Cut the centre square out, scale it (bilinear, antialiased), and make it grey or colour.

    images: uint8 [N, 1 or 3, H, W]; returns uint8 [N, channels, size, size]. Cutting comes first so that a
    very long image is not blown up whole. What has the right size and channels is returned as it is.
    """
    functional = torchvision.transforms.v2.functional
    if images.shape[-2:] != (size, size):
        square = functional.center_crop(images, [min(images.shape[-2:])])
        images = functional.resize(
            square, [size, size], torchvision.transforms.InterpolationMode.BILINEAR, antialias=True
        )
    if images.shape[1] > channels:
        # In floating point: on uint8 torchvision cuts the fraction off, and white (0.9999 * 255) becomes 254.
        return functional.rgb_to_grayscale(images.float()).round().to(torch.uint8)
    if images.shape[1] < channels:
        return functional.grayscale_to_rgb(images)
    return images


def scaled(images: torch.Tensor, size: int) -> torch.Tensor:
    """Squares, uint8 [N, C, S, S], at `size` pixels a side: bicubic, antialiased where they get smaller."""
    functional = torchvision.transforms.v2.functional
    bicubic = torchvision.transforms.InterpolationMode.BICUBIC
    return functional.resize(images, [size, size], bicubic, antialias=True)
