"""Generators whose batch norms obey the class and z, or a code."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from pipeline.networks.widths import grown
from pipeline.precision import full_precision


class ModulatedBatchNorm2d(nn.Module):
    """Batch norm whose gain and bias depend on the class and on z.

    The class has its own gain and bias (Dumoulin et al. 2017, section 2.2); z reaches every layer besides the
    first and shifts both (Brock et al. 2019, section 3; Chen et al. 2019, eq. (3)).
    """

    def __init__(self, channels: int, classes: int, z_dim: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.class_gain = nn.Embedding(classes, channels)
        self.class_bias = nn.Embedding(classes, channels)
        self.z_gain = nn.Linear(z_dim, channels, bias=False)
        self.z_bias = nn.Linear(z_dim, channels, bias=False)
        nn.init.ones_(self.class_gain.weight)
        nn.init.zeros_(self.class_bias.weight)
        nn.init.normal_(self.z_gain.weight, 0, 0.02)
        nn.init.normal_(self.z_bias.weight, 0, 0.02)

    def forward(self, x: Tensor, z: Tensor, classes: Tensor) -> Tensor:
        gain = _looked_up(self.class_gain, classes) + self.z_gain(z)
        bias = _looked_up(self.class_bias, classes) + self.z_bias(z)
        return _modulated(self.norm, x, gain, bias)


class CodedBatchNorm2d(nn.Module):
    """Batch norm whose gain and bias a code [N, D] decides (de Vries et al. 2017, section 3.1)."""

    def __init__(self, channels: int, code: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.bias = nn.Linear(code, channels), nn.Linear(code, channels)
        for layer, start in ((self.gain, 1.0), (self.bias, 0.0)):
            nn.init.normal_(layer.weight, 0, 0.02)
            nn.init.constant_(layer.bias, start)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        return _modulated(self.norm, x, self.gain(code), self.bias(code))


class CodedRising(nn.Module):
    """As `strided.rising`, from a code [N, D] on, which decides the norms of all steps, too.

    -> maps [N, maps[-1], S, S], of S 4, doubled for each further of `maps`.
    """

    def __init__(self, code: int, maps: Sequence[int]) -> None:
        super().__init__()
        self.start = (maps[0], 4, 4)
        self.project = nn.Linear(code, maps[0] * 16)
        self.norms = nn.ModuleList(CodedBatchNorm2d(inputs, code) for inputs in maps[:-1])
        self.ups = nn.ModuleList(nn.ConvTranspose2d(*step, 4, 2, 1) for step in pairwise(maps))

    def forward(self, code: Tensor) -> Tensor:
        x = self.project(code).reshape(-1, *self.start)
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(torch.relu(norm(x, code)))
        return x


def _modulated(norm: nn.BatchNorm2d, x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """Maps [N, C, H, W] normed, by gain and bias [N, C]."""
    if norm.training:
        x = norm(x)
    else:  # the statistics are constants now, and go into gain and bias
        gain = gain * (norm.running_var + norm.eps).rsqrt()
        bias = bias - gain * norm.running_mean
    shape = (-1, x.shape[1], 1, 1)
    return torch.addcmul(bias.reshape(shape), x, gain.reshape(shape))


def _looked_up(embedding: nn.Embedding, classes: Tensor) -> Tensor:
    """Rows [N, D] of labels int64 [N], or mixtures of rows by weights float32 [N, K]."""
    return embedding(classes) if classes.ndim == 1 else classes @ embedding.weight


class ModulatedGenerator(nn.Module):
    """z [N, z_dim], labels [N] or weights of the classes [N, K] -> any numbers [N, C, size, size], float32.

    `width` is the number of maps at `size`; it doubles with each halving.
    """

    def __init__(self, z_dim: int, classes: int, width: int, channels: int, size: int) -> None:
        super().__init__()
        start, widths = grown(width, size)
        self.start = (widths[0], start, start)
        self.project = nn.Linear(z_dim, widths[0] * start**2)
        self.norms = nn.ModuleList(ModulatedBatchNorm2d(maps, classes, z_dim) for maps in widths)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(inputs, outputs, 4, 2, 1) for inputs, outputs in pairwise(widths)
        )
        self.last = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        x = torch.relu(self.norms[0](self.project(z).reshape(-1, *self.start), z, classes))
        for up, norm in zip(self.ups, self.norms[1:], strict=True):
            x = torch.relu(norm(up(x), z, classes))
        with full_precision(x.device):  # bfloat16 is too coarse for grey levels
            return self.last(x.float())
