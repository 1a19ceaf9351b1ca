"""The flagship: a class-conditional DCGAN with conditional batch norm and a projection discriminator."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from pipeline import params as p
from pipeline.models.base import GAN


class Params(p.ModelParams):
    """`generator_width`, `discriminator_width`: maps at half the image's size; doubled with each halving."""

    generator_width: p.Count
    discriminator_width: p.Count

    sizes: ClassVar = (16, 32, 64)
    conditional: ClassVar = True


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm whose gain and bias are the class's own (Dumoulin et al. 2017, section 2.2)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Embedding(classes, channels)
        self.bias = nn.Embedding(classes, channels)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        gain, bias = self.gain.weight, self.bias.weight
        if self.training:
            x = self.norm(x)
        else:  # the statistics are constants now: part of the class's own gain and bias
            scale = (self.norm.running_var + self.norm.eps).rsqrt()
            gain, bias = gain * scale, bias - gain * scale * self.norm.running_mean
        shape = (-1, x.shape[1], 1, 1)
        return torch.addcmul(bias.index_select(0, labels).reshape(shape), x, gain.index_select(0, labels).reshape(shape))


class Generator(nn.Module):
    """z [N, z_dim], labels [N] -> image [N, C, size, size]."""

    def __init__(self, z_dim: int, classes: int, width: int, channels: int, size: int) -> None:
        super().__init__()
        doublings = (size // 4).bit_length() - 1
        widths = [width << level for level in range(doublings)][::-1]
        self.start = (widths[0], 4, 4)
        self.project = nn.Linear(z_dim, widths[0] * 16)
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(width, classes) for width in widths)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
            for inputs, outputs in zip(widths, [*widths[1:], channels], strict=True)
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        x = self.project(z).reshape(-1, *self.start)
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(torch.relu(norm(x, labels)))
        return torch.tanh(x)


class Discriminator(nn.Module):
    """Image [N, C, size, size], labels [N] -> logits [N] (Miyato and Koyama 2018, eq. (3)).

    The logit is psi(features) + <embedding of the label, features>.
    """

    def __init__(self, classes: int, width: int, channels: int, size: int) -> None:
        super().__init__()
        doublings = (size // 4).bit_length() - 1
        widths = [width << level for level in range(doublings)]
        layers: list[nn.Module] = []
        for inputs, outputs in zip([channels, *widths], widths, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.linear = nn.Linear(widths[-1] * 16, 1)
        self.embedding = nn.Embedding(classes, widths[-1] * 16)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        features = self.features(x)
        return self.linear(features).squeeze(1) + (self.embedding(labels) * features).sum(1)


class Model(GAN):
    """The system `cdcgan`."""

    def __init__(self, params: p.Params[Params], channels: int, classes: int) -> None:
        model, size = params.model, params.data.size
        super().__init__(
            params,
            Generator(model.z_dim, classes, model.generator_width, channels, size),
            Discriminator(classes, model.discriminator_width, channels, size),
        )
