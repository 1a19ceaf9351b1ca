"""Convolutions that halve or double a side at each layer."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def falling(maps: Sequence[int]) -> nn.Sequential:
    """Maps [N, maps[0], S, S] -> [N, maps[-1], S >> steps, S >> steps]: a step for each further of `maps`."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(maps):
        layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers)


def fine_falling(channels: int, maps: Sequence[int]) -> nn.Sequential:
    """Images [N, channels, S, S] -> maps [N, maps[-1], S', S'], a halving for each of `maps`.

    Before the strided layers stands one of 3x3 at full resolution, half as wide as the first, and behind
    them another one: strided windows alone hardly see single pixels and thin strokes (docs/flagship.md).
    """
    fine, last = -(-maps[0] // 2), maps[-1]
    return nn.Sequential(
        *(nn.Conv2d(channels, fine, 3, padding=1), nn.LeakyReLU(0.2)),
        *falling([fine, *maps]),
        *(nn.Conv2d(last, last, 3, padding=1), nn.LeakyReLU(0.2)),
    )


def rising(maps: Sequence[int]) -> nn.Sequential:
    """Maps [N, maps[0], S, S] -> [N, maps[-1], S << steps, S << steps]; normed before each step alone."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(maps):
        layers += [nn.BatchNorm2d(inputs), nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)]
    return nn.Sequential(*layers)
