"""A norm over the maps of each pixel (Karras et al. 2018, section 4.2)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d


class PixelNorm(nn.Module):
    """x [N, C, H, W] over the root of its mean square at each pixel.

    The mean is a convolution, and a second gives it to every map: the runtimes differ in how they take the
    mean over one axis, and OpenCV 5 fails at a transposed convolution of what was broadcast.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((1, channels, 1, 1), 1 / channels), persistent=False)
        self.register_buffer("spread", torch.ones(channels, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        square = conv2d(x * x, self.mean.to(x.dtype))
        return x / conv2d(square + 1e-8, self.spread.to(x.dtype)).sqrt()
