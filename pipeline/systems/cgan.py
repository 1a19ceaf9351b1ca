"""The conditional GAN with fully connected networks (Mirza and Osindero 2014)."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from pipeline import params as p
from pipeline.fields import Fields, class_count
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase


class Params(p.LatentParams):
    """Hidden layers are multiples of `width`."""

    width: p.Count
    dropout: p.Share

    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = True


class Generator(nn.Module):
    """z [N, z_dim], labels [N] -> image [N, C, size, size]: both embedded, concatenated, decoded."""

    def __init__(self, z_dim: int, classes: int, width: int, channels: int, size: int) -> None:
        super().__init__()
        self.shape = (channels, size, size)
        self.embed_z = nn.Sequential(nn.Linear(z_dim, width), nn.LeakyReLU(0.2))
        # a linear layer on a one-hot label is a row of a table
        self.embed_label = nn.Sequential(nn.Embedding(classes, width), nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(
            nn.Linear(2 * width, 2 * width),
            nn.BatchNorm1d(2 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * width, 4 * width),
            nn.BatchNorm1d(4 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(4 * width, channels * size * size),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        joined = torch.cat([self.embed_z(z), self.embed_label(labels)], dim=1)
        return self.layers(joined).reshape(-1, *self.shape)


class Discriminator(DiscriminatorBase):
    """Image [N, C, size, size], labels [N] -> logits [N]."""

    def __init__(self, classes: int, width: int, dropout: float, channels: int, size: int) -> None:
        super().__init__()
        self.embed_image = nn.Sequential(
            nn.Flatten(), nn.Linear(channels * size * size, 4 * width), nn.LeakyReLU(0.2)
        )
        self.embed_label = nn.Sequential(nn.Embedding(classes, width), nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(
            nn.Linear(5 * width, 2 * width),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
        )
        self.last = nn.Linear(width, 1)

    def features(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.layers(torch.cat([self.embed_image(x), self.embed_label(labels)], dim=1))


class Model(Adversarial):
    """The system `cgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, size = params.model, params.data.size
        channels, classes = data["images"].shape[0], class_count(data["labels"])
        super().__init__(
            params,
            data,
            Generator(model.z_dim, classes, model.width, channels, size),
            Discriminator(classes, model.width, model.dropout, channels, size),
        )
