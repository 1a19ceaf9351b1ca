"""DCGAN (Radford et al. 2016): all convolutional, batch norm, from 4x4 up in doublings."""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from pipeline import params as p
from pipeline.fields import Fields
from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.widths import doubled
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase


class Params(p.LatentParams):
    """`width` is the number of maps at half the image's size; it doubles with each halving."""

    width: p.Count

    sizes: ClassVar = (16, 32, 64, 128)
    conditional: ClassVar = False
    discriminator_batch_norm: ClassVar = True


class Generator(nn.Module):
    """z [N, z_dim] -> image [N, C, size, size]; the label is not used."""

    def __init__(self, z_dim: int, width: int, channels: int, size: int) -> None:
        super().__init__()
        widths = doubled(width, size)[::-1]
        self.start = (widths[0], 4, 4)
        # the published 4x4 transposed convolution of a 1x1 map is a linear layer
        self.project = nn.Linear(z_dim, widths[0] * 16, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        layers += [nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1, bias=False), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        dcgan_init(self)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return self.layers(self.project(z).reshape(-1, *self.start))


class Discriminator(DiscriminatorBase):
    """Image [N, C, size, size] -> logits [N]; the label is not used."""

    def __init__(self, width: int, channels: int, size: int) -> None:
        super().__init__()
        widths = doubled(width, size)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv2d(widths[-1], 1, 4, bias=False)
        dcgan_init(self)


class Model(Adversarial):
    """The system `dcgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, size = params.model, params.data.size
        channels = data["images"].shape[0]
        super().__init__(
            params,
            data,
            Generator(model.z_dim, model.width, channels, size),
            Discriminator(model.width, channels, size),
        )
