"""The last layers of a generator whose pictures are to be exact: the data's own limits and size."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, relu

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
        # as clamp does, but its gradient needs operators that not every runtime has
        below = self.high - relu(self.high - middle - reach * torch.tanh(x))
        return self.low + relu(below - self.low)


class Enlarge(nn.Module):
    """Images [N, C, S, S] -> [N, C, size, size], bilinear, as data are enlarged: two fixed matrix products.

    They are convolutions by 1x1, of rows and then of columns in the channels' place: what every runtime has,
    also for the gradient.
    """

    def __init__(self, native: int, size: int) -> None:
        super().__init__()
        matrix = interpolate(torch.eye(native)[None, None], (size, native), mode="bilinear")[0, 0]
        self.register_buffer("matrix", matrix[:, :, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        _, channels, side, _ = x.shape
        high = conv2d(x.reshape(-1, side, side, 1), self.matrix)
        wide = conv2d(high.transpose(1, 2), self.matrix).transpose(1, 2)
        return wide.reshape(-1, channels, *wide.shape[1:3])
