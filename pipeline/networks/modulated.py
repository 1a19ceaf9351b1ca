"""A generator whose batch norms obey the class and z."""

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
        if self.training:
            x = self.norm(x)
        else:  # the statistics are constants now, and go into gain and bias
            gain = gain * (self.norm.running_var + self.norm.eps).rsqrt()
            bias = bias - gain * self.norm.running_mean
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
