"""From an image file of any kind to uint8 pixels of one size.

By what torchvision calls, without torchvision: it takes as long as torch to import.
"""

import hashlib
import warnings
from pathlib import Path
from typing import IO

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.nn.functional import interpolate

from pipeline.errors import UserError
from pipeline.kinds.image import grey_or_rgb

# of red, green and blue in grey, as torchvision has them
BRIGHTNESS = (0.2989, 0.587, 0.114)


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
    return torch.from_numpy(np.array(plain).reshape(plain.height, plain.width, -1)).permute(2, 0, 1)


def fit(images: torch.Tensor, size: int, channels: int) -> torch.Tensor:
    """Cut the centre square out, scale it (bilinear, antialiased), and make it grey or colour.

    images: uint8 [N, 1 or 3, H, W]; returns uint8 [N, channels, size, size]. Cutting comes first so that a
    very long image is not blown up whole. What has the right size and channels is returned as it is.
    """
    height, width = images.shape[-2:]
    if (height, width) != (size, size):
        side = min(height, width)
        top, left = round((height - side) / 2), round((width - side) / 2)
        images = resized(images[..., top : top + side, left : left + side], (size, size), "bilinear")
    if images.shape[1] > channels:
        # In floating point: on uint8 the fraction would be cut off, and white (0.9999 * 255) become 254.
        red, green, blue = images.float().unbind(1)
        grey = red.mul(BRIGHTNESS[0]).add_(green, alpha=BRIGHTNESS[1]).add_(blue, alpha=BRIGHTNESS[2])
        return grey.unsqueeze(1).round().to(torch.uint8)
    if images.shape[1] < channels:
        return images.repeat(1, channels, 1, 1)
    return images


def scaled(images: torch.Tensor, size: int) -> torch.Tensor:
    """Squares, uint8 [N, C, S, S], at `size` pixels a side: bicubic, antialiased where they get smaller."""
    return resized(images, (size, size), "bicubic")


def resized(images: torch.Tensor, sides: tuple[int, int], mode: str) -> torch.Tensor:
    """Images uint8 [N, C, H, W] at other `sides`, height and width, by a `mode` of torch's, antialiased."""
    if images.shape[-2:] == sides:
        return images
    return interpolate(images, sides, mode=mode, align_corners=False, antialias=True)


def digest(picture: torch.Tensor) -> str:
    """SHA-256 of the sides, channels and pixels of uint8 [C, H, W]: equal where all of them are."""
    seen = hashlib.sha256(str(tuple(picture.shape)).encode())
    seen.update(np.ascontiguousarray(picture.permute(1, 2, 0)))  # as a decoder lays them out: no copy
    return seen.hexdigest()
