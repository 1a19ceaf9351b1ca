"""Images between disk and network: uint8, where 0 is black, and float in [-1, 1].

Volumes, [N, 1, D, H, W], are in [0, 1], and on the disk either empty, 0, or filled, 255.
"""

import torch
from torch import Tensor, nn


def to_float(images: Tensor) -> Tensor:
    """uint8 0..255 -> float in [-1, 1], channels last; volumes -> float in [0, 1]."""
    if images.ndim == 5:
        return images.float() / 255
    return (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def to_uint8(images: Tensor) -> Tensor:
    """Float in [-1, 1] -> uint8 0..255, rounded to the nearest; volumes are filled from a half on."""
    if images.ndim == 5:
        return torch.where(images >= 0.5, 255, 0).to(torch.uint8)
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def channels_last(network: nn.Module) -> nn.Module:
    """The same network with its weights laid out as `to_float` does images; torch has no such for volumes."""
    if any(weight.ndim == 5 for weight in network.parameters()):
        return network
    return network.to(memory_format=torch.channels_last)
