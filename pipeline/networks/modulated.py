"""A generator of DCGAN's form whose batch norms obey the class and z."""

import torch
from torch import Tensor, nn

from pipeline.networks.widths import doubled


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

    def forward(self, x: Tensor, z: Tensor, labels: Tensor) -> Tensor:
        gain = self.class_gain(labels) + self.z_gain(z)
        bias = self.class_bias(labels) + self.z_bias(z)
        if self.training:
            x = self.norm(x)
        else:  # the statistics are constants now, and go into gain and bias
            gain = gain * (self.norm.running_var + self.norm.eps).rsqrt()
            bias = bias - gain * self.norm.running_mean
        shape = (-1, x.shape[1], 1, 1)
        return torch.addcmul(bias.reshape(shape), x, gain.reshape(shape))


class ModulatedGenerator(nn.Module):
    """z [N, z_dim], labels [N] -> image [N, C, size, size]."""

    def __init__(self, z_dim: int, classes: int, width: int, channels: int, size: int) -> None:
        super().__init__()
        widths = doubled(width, size)[::-1]
        self.start = (widths[0], 4, 4)
        self.project = nn.Linear(z_dim, widths[0] * 16)
        self.norms = nn.ModuleList(ModulatedBatchNorm2d(width, classes, z_dim) for width in widths)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
            for inputs, outputs in zip(widths, [*widths[1:], channels], strict=True)
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        x = self.project(z).reshape(-1, *self.start)
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(torch.relu(norm(x, z, labels)))
        return torch.tanh(x)
