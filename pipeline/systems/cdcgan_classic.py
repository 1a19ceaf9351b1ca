"""The published class-conditional DCGAN for 32x32 digits: label maps concatenated in both networks."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from pipeline import params as p
from pipeline.fields import Fields, class_count
from pipeline.networks.initialisation import dcgan_init
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase


class Params(p.LatentParams):
    """width 128 in the published recipe."""

    width: p.Count

    sizes: ClassVar = (32,)
    conditional: ClassVar = True
    discriminator_batch_norm: ClassVar = True


class Generator(nn.Module):
    """z [N, z_dim], labels [N] -> image [N, C, 32, 32]."""

    def __init__(self, z_dim: int, classes: int, width: int, channels: int) -> None:
        super().__init__()
        self.start = (2 * width, 4, 4)
        # published as 4x4 transposed convolutions of 1x1 maps: of z a linear layer, of a label a table
        self.from_z = nn.Linear(z_dim, 2 * width * 16, bias=False)
        self.from_label = nn.Embedding(classes, 2 * width * 16)
        self.norm_z = nn.Sequential(nn.BatchNorm2d(2 * width), nn.ReLU())
        self.norm_label = nn.Sequential(nn.BatchNorm2d(2 * width), nn.ReLU())
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False),
            nn.Tanh(),
        )
        dcgan_init(self)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        noise = self.norm_z(self.from_z(z).reshape(-1, *self.start))
        label = self.norm_label(self.from_label(labels).reshape(-1, *self.start))
        return self.layers(torch.cat([noise, label], dim=1))


class Discriminator(DiscriminatorBase):
    """Image [N, C, 32, 32], labels [N] -> logits [N]."""

    def __init__(self, classes: int, width: int, channels: int) -> None:
        super().__init__()
        self.from_image = nn.Sequential(
            nn.Conv2d(channels, width // 2, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)
        )
        self.from_label = nn.Sequential(
            nn.Conv2d(classes, width // 2, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)
        )
        planes = torch.eye(classes).reshape(classes, classes, 1, 1).expand(-1, -1, 32, 32)
        self.register_buffer("planes", planes.contiguous(), persistent=False)
        self.layers = nn.Sequential(
            nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(4 * width),
            nn.LeakyReLU(0.2),
        )
        self.last = nn.Conv2d(4 * width, 1, 4, bias=False)
        dcgan_init(self)

    def features(self, x: Tensor, labels: Tensor) -> Tensor:
        # a label's planes are the same for all images of the class: convolve one set a class
        label = self.from_label(self.planes).index_select(0, labels)
        return self.layers(torch.cat([self.from_image(x), label], dim=1))


class Model(Adversarial):
    """The system `cdcgan_classic`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model = params.model
        channels, classes = data["images"].shape[0], class_count(data["labels"])
        super().__init__(
            params,
            data,
            Generator(model.z_dim, classes, model.width, channels),
            Discriminator(classes, model.width, channels),
        )
