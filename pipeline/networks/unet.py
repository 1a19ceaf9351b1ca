"""The U-Net (Ronneberger et al. 2015) of pix2pix (Isola et al. 2017, sections 3.2.1 and 6.1.1)."""

import torch
from torch import Tensor, nn

from pipeline.networks.patches import DEEPEST

DROPPED = 3  # innermost layers on the way up with dropout, which stands in for noise (section 3.2)


class UNet(nn.Module):
    """Image [N, C, size, size] -> image [N, C', size, size] in [-1, 1].

    4x4 convolutions halve it down to one pixel, from `width` maps to eight times as many; on the way up each
    layer is also given what had its size on the way down. Instance norm, none where there is one pixel: what
    an image becomes hangs on no other, in training as later.
    """

    def __init__(self, inputs: int, outputs: int, width: int, size: int) -> None:
        """`size`: a power of two, 4 or more."""
        super().__init__()
        depth = size.bit_length() - 1
        maps = [width * min(2**level, DEEPEST) for level in range(depth)]
        self.down = nn.ModuleList([nn.Conv2d(inputs, width, 4, 2, 1)])
        for level in range(1, depth):
            self.down.append(_halving(maps[level - 1], maps[level], is_normed=level < depth - 1))
        self.up = nn.ModuleList()
        for level in reversed(range(1, depth)):
            given = maps[level] * (1 if level == depth - 1 else 2)
            self.up.append(_doubling(given, maps[level - 1], drops=level >= depth - DROPPED))
        self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * width, outputs, 4, 2, 1), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        seen = []
        for layer in self.down:
            x = layer(x)
            seen.append(x)
        seen.pop()
        for layer in self.up:
            x = torch.cat([layer(x), seen.pop()], 1)
        return self.last(x)


def _halving(inputs: int, outputs: int, *, is_normed: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.LeakyReLU(0.2), nn.Conv2d(inputs, outputs, 4, 2, 1)]
    return nn.Sequential(*layers, *([nn.InstanceNorm2d(outputs)] if is_normed else []))


def _doubling(inputs: int, outputs: int, *, drops: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)]
    return nn.Sequential(*layers, nn.InstanceNorm2d(outputs), *([nn.Dropout(0.5)] if drops else []))
