"""Differentiable augmentation: the discriminator sees only changed images, real and generated alike.

Zhao et al. 2020, section 3.3, with the strengths of their code. Every change is another for each image of a
batch, and lets the gradient through to the generator.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

SHIFT = 1 / 8  # of the side, at most, each way
HOLE = 1 / 2  # of the side


def augment(images: Tensor, policy: tuple[str, ...], source: torch.Generator) -> Tensor:
    """`images` [N, C, H, W] after each change that `policy` names; the same shape."""
    for name in policy:
        images = _CHANGES[name](images, source)
    return images


def _colour(images: Tensor, source: torch.Generator) -> Tensor:
    """Brightness by up to 0.5, saturation up to twice, contrast from a half to one and a half times."""
    brightness, saturation, contrast = (_uniform(images, source) for _ in range(3))
    images = images + brightness - 0.5
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * 2 * saturation
    level = images.mean((1, 2, 3), keepdim=True)
    return level + (images - level) * (0.5 + contrast)


def _translation(images: Tensor, source: torch.Generator) -> Tensor:
    """Moved by up to an eighth of the side along both axes; what comes in is black."""
    side = images.shape[-1]
    reach = round(side * SHIFT)
    padded = pad(images, (reach,) * 4, value=-1.0)
    rows, columns = (
        _whole(2 * reach + 1, images, source)[:, None] + torch.arange(side, device=images.device)
        for _ in range(2)
    )
    batch = torch.arange(len(images), device=images.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def _cutout(images: Tensor, source: torch.Generator) -> Tensor:
    """A square of half the side, its centre anywhere, is set to grey (0)."""
    side = images.shape[-1]
    place = torch.arange(side, device=images.device)
    near = [(place - _whole(side, images, source)[:, None]).abs() <= side * HOLE / 2 for _ in range(2)]
    return images.masked_fill((near[0][:, :, None] & near[1][:, None, :])[:, None], 0.0)


def _flip(images: Tensor, source: torch.Generator) -> Tensor:
    """Left and right change places in one of two: where a mirrored picture is as good as the picture."""
    return torch.where(_uniform(images, source) < 0.5, images.flip(3), images)


_CHANGES = {"colour": _colour, "translation": _translation, "cutout": _cutout, "flip": _flip}


def _uniform(images: Tensor, source: torch.Generator) -> Tensor:
    return torch.rand((len(images), 1, 1, 1), generator=source, device=source.device).to(images)


def _whole(below: int, images: Tensor, source: torch.Generator) -> Tensor:
    return torch.randint(below, (len(images),), generator=source, device=source.device).to(images.device)
