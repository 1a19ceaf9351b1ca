"""Convolutions whose weights all learn at one rate (Karras et al. 2018, section 4.1).

Weights start from N(0, 1), and are scaled by the constant of He et al. 2015 each time they are used: Adam,
whose steps don't depend on the scale of a gradient, then moves all layers alike. A change of size and the 3x3
convolution beside it are one convolution of 4x4, which computes the same at less than half the cost.
"""

import copy
import math

from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d, pad


class EqualisedConv(nn.Conv2d):
    """x [N, inputs, H, W] -> [N, outputs, H, W]; of a side other than 3 there is no padding."""

    def __init__(self, inputs: int, outputs: int, side: int, gain: float = 2**0.5) -> None:
        """`gain` is that of the rectifier that follows; 1 where none does."""
        super().__init__(inputs, outputs, side, padding=1 if side == 3 else 0)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)
        self.scale = gain / math.sqrt(inputs * side**2)

    def kernel(self) -> Tensor:
        """The weights that are convolved with."""
        return self.weight * self.scale

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.kernel(), self.bias)

    def bare(self) -> nn.Module:
        """A plain layer of the same shape."""
        return nn.Conv2d(self.in_channels, self.out_channels, self.kernel_size, padding=self.padding)


class HalvingConv(EqualisedConv):
    """3x3, then the means of 2x2 pixels: [N, inputs, H, W] -> [N, outputs, H / 2, W / 2]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3)
        self.stride = (2, 2)

    def kernel(self) -> Tensor:
        return _spread(super().kernel()) / 4

    def bare(self) -> nn.Module:
        return nn.Conv2d(self.in_channels, self.out_channels, 4, 2, 1)


class DoublingConv(EqualisedConv):
    """Each pixel four times, then 3x3: [N, inputs, H, W] -> [N, outputs, 2 H, 2 W]."""

    def __init__(self, inputs: int, outputs: int, scale: float | None = None) -> None:
        """`scale` takes the place of He's constant; 1: the weights are as they are, before a norm."""
        super().__init__(inputs, outputs, 3)
        if scale is not None:
            self.scale = scale

    def kernel(self) -> Tensor:
        # a transposed convolution adds what others gather, so its kernel is the other way round
        return _spread(super().kernel()).flip(2, 3).transpose(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        return conv_transpose2d(x, self.kernel(), self.bias, stride=2, padding=1)

    def bare(self) -> nn.Module:
        return nn.ConvTranspose2d(self.in_channels, self.out_channels, 4, 2, 1)


def plain(network: nn.Module) -> nn.Module:
    """A copy with the weights as they are used, as it ships."""
    network = copy.deepcopy(network)
    equalised = {name: layer for name, layer in network.named_modules() if isinstance(layer, EqualisedConv)}
    for name, layer in equalised.items():
        bare = layer.bare()
        bare.weight, bare.bias = nn.Parameter(layer.kernel().detach()), layer.bias
        network.set_submodule(name, bare)
    return network


def _spread(kernel: Tensor) -> Tensor:
    """The sum of a kernel [..., 3, 3] at the four places that it has in 4x4."""
    wide = pad(kernel, (1, 1, 1, 1))
    return wide[..., 1:, 1:] + wide[..., :-1, 1:] + wide[..., 1:, :-1] + wide[..., :-1, :-1]
