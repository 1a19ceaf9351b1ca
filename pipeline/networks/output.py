"""The last layers of a generator whose pictures are to be exact: the data's own limits and size."""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

STEEPNESS = 1.15  # of tanh beyond the limits, so that they are reached


class Within(nn.Module):
    """Any numbers -> grey levels in [-1, 1] between two limits, 0 to 255, which are often reached.

    tanh alone never gets there: what is black in the data is a faint haze.
    """

    def __init__(self, darkest: int, brightest: int) -> None:
        super().__init__()
        self.low, self.high = darkest / 127.5 - 1, brightest / 127.5 - 1

    def forward(self, x: Tensor) -> Tensor:
        middle, reach = (self.high + self.low) / 2, STEEPNESS * (self.high - self.low) / 2
        return torch.clamp(middle + reach * torch.tanh(x), self.low, self.high)


class Enlarge(nn.Module):
    """Images [N, C, S, S] -> [N, C, size, size], bilinear, as data are enlarged: two matrix products."""

    def __init__(self, native: int, size: int) -> None:
        super().__init__()
        rows = interpolate(torch.eye(native)[None, None], (size, native), mode="bilinear")[0, 0]
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.rows @ x @ self.rows.T
