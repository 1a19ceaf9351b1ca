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


def rising(maps: Sequence[int]) -> nn.Sequential:
    """Maps [N, maps[0], S, S] -> [N, maps[-1], S << steps, S << steps]; normed before each step alone."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(maps):
        layers += [nn.BatchNorm2d(inputs), nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)]
    return nn.Sequential(*layers)
