"""Instance noise: real and generated images overlap until the generator is near (Soenderby et al. 2017)."""

import torch
from torch import Tensor


def annealed(start: float, step: int, steps: int) -> float:
    """The deviation at `step`: linear from `start` to none at the last of `steps`."""
    return start * (1 - step / steps)


def add_noise(images: Tensor, deviation: float, source: torch.Generator) -> Tensor:
    """`images` with independent N(0, deviation^2) on every pixel; the scale is that of [-1, 1]."""
    noise = torch.randn(images.shape, generator=source, device=source.device)
    return images + deviation * noise.to(images)
