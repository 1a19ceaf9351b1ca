"""Layers through which a logit depends on the whole batch: a collapsed generator gives itself away.

Each appends values to the features. Behind them comes a linear layer, so what they add to the logit is linear
in those values: that is how they are written here.
"""

import torch
from torch import Tensor, nn

KERNELS, DIMENSIONS = 50, 5  # B and C of Salimans et al. 2016


class MinibatchDiscrimination(nn.Module):
    """Features [N, A] to what their likeness to the others of the batch adds to the logits [N].

    Salimans et al. 2016, section 3.2: M = f(x) T; o(x_i)_b = sum over j of exp(-|M_ib - M_jb|_1).
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.tensor = nn.Linear(features, KERNELS * DIMENSIONS, bias=False)
        self.head = nn.Linear(KERNELS, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        return self.head(self.likeness(features)).squeeze(1)

    def likeness(self, features: Tensor) -> Tensor:
        """o(x) [N, KERNELS] of features [N, A]."""
        rows = self.tensor(features).reshape(-1, KERNELS, DIMENSIONS).float()
        distances = (rows[:, None] - rows[None]).abs().sum(3)
        return torch.exp(-distances).sum(1) - 1  # without x_i itself


class MinibatchDeviation(nn.Module):
    """Features [N, A] to what the batch's deviation adds to the logits [N].

    Karras et al. 2018, section 3: the deviation of each feature over the batch, averaged to one value.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.head = nn.Linear(1, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        # 1e-8: the deviation has no derivative at zero
        deviation = (features.float().var(0, unbiased=False) + 1e-8).sqrt().mean()
        return self.head(deviation.expand(len(features), 1)).squeeze(1)


LAYERS = {"discrimination": MinibatchDiscrimination, "deviation": MinibatchDeviation}
