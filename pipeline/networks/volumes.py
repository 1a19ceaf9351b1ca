"""3D-GAN's networks (Wu et al. 2016, section 3.1): DCGAN's with a third axis, from 4^3 voxels up."""

from itertools import pairwise

from torch import Tensor, nn

from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.widths import doubled


class VolumeGenerator(nn.Module):
    """z [N, z_dim] -> how full each voxel is, [N, 1, size, size, size] in [0, 1]; the label is not used."""

    def __init__(self, z_dim: int, width: int, size: int) -> None:
        super().__init__()
        widths = doubled(width, size)[::-1]
        self.start = (widths[0], 4, 4, 4)
        # the published 4x4x4 transposed convolution of a 1x1x1 map is a linear layer
        self.project = nn.Linear(z_dim, widths[0] * 64, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm3d(widths[0]), nn.ReLU()]
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.ConvTranspose3d(inputs, outputs, 4, 2, 1, bias=False),
                nn.BatchNorm3d(outputs),
                nn.ReLU(),
            ]
        layers += [nn.ConvTranspose3d(widths[-1], 1, 4, 2, 1), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)
        dcgan_init(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(self.project(z).reshape(-1, *self.start))


class VolumeDiscriminator(nn.Module):
    """Volume [N, 1, size, size, size] -> logits [N]; `norm`: batch, as published, or none."""

    def __init__(self, width: int, size: int, norm: str) -> None:
        super().__init__()
        widths = doubled(width, size)
        normalise = nn.BatchNorm3d if norm == "batch" else nn.Identity
        layers: list[nn.Module] = [nn.Conv3d(1, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.Conv3d(inputs, outputs, 4, 2, 1, bias=norm == "none"),
                normalise(outputs),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv3d(widths[-1], 1, 4, bias=False)
        dcgan_init(self)

    def forward(self, volume: Tensor) -> Tensor:
        return self.last(self.layers(volume)).reshape(-1)
