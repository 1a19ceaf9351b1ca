"""A decoder that gives the chance of each pixel to be white (Kingma and Welling 2014, appendix C.1)."""

import math

import torch
from torch import Tensor, nn

from pipeline.fields import Field


class BernoulliDecoder(nn.Module):
    """z [N, z_dim] -> image [N, C, size, size] in [-1, 1]: the mean of p(x|z)."""

    def __init__(self, image: Field, hidden: int, z_dim: int) -> None:
        super().__init__()
        self.shape = image.shape
        self.layers = nn.Sequential(
            nn.Linear(z_dim, hidden), nn.ReLU(), nn.Linear(hidden, math.prod(image.shape))
        )

    def logits(self, z: Tensor) -> Tensor:
        """Of the probability that a pixel is white: [N, C, size, size]."""
        return self.layers(z).reshape(-1, *self.shape)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(0.5 * self.logits(z))  # 2 sigmoid(logit) - 1
