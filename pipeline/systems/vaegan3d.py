"""3D-VAE-GAN (Wu et al. 2016, section 3.3): an encoder of pictures before the generator of volumes."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import pydantic
import torch
from torch import Tensor, nn

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Fields
from pipeline.game import Game
from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.volumes import VolumeDiscriminator, VolumeGenerator
from pipeline.systems.base import GENERATOR, OF_IMAGES, OF_VOLUMES, Export, Moves, System
from pipeline.turn import Turn

Weight = Annotated[float, pydantic.Field(ge=0)]


class Params(p.LatentParams):
    """z 200 and width 64, at 64 voxels, and kl 5 in the published form; its squared error weighs 1e-4."""

    latent: Literal["normal"]  # the prior of z: N(0, 1)
    encoder_width: p.Count  # maps of the encoder's first convolution
    width: p.Count  # of the generator and the discriminator at half the side
    kl: Weight  # of what a code costs, in nats
    squared_error: Weight  # of the error of a volume, summed over its voxels

    needs: ClassVar = {"images": "voxels", "source": "image"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (16, 32, 64)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("autoencoder", "volume_discriminator")


class Encoder(nn.Module):
    """Picture [N, C, 32, 32] in [-1, 1] -> mean [N, z_dim] and log variance [N, z_dim] of q(z|picture).

    Five strided convolutions. The last gives the two, as published, in one layer each.
    """

    def __init__(self, channels: int, width: int, z_dim: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise([channels, width, 2 * width, 4 * width, 8 * width]):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.mean = nn.Conv2d(8 * width, z_dim, 2, 2)
        self.log_variance = nn.Conv2d(8 * width, z_dim, 2, 2)
        dcgan_init(self)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        features = self.layers(picture)
        return self.mean(features).flatten(1), self.log_variance(features).flatten(1)


class PictureToVolume(nn.Module):
    """Picture [N, C, 32, 32] in [-1, 1] -> volume [N, 1, size, size, size] in [0, 1], of the mean of q."""

    def __init__(self, encoder: Encoder, generator: VolumeGenerator) -> None:
        super().__init__()
        self.encoder, self.generator = encoder, generator

    def forward(self, picture: Tensor) -> Tensor:
        mean, _ = self.encoder(picture)
        return self.generator(mean)


class Model(System):
    """The system `vaegan3d`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = self.model = params.model
        self.source = replace(data["source"], about=OF_IMAGES | {"of": "source"})
        self.voxels = replace(data["images"], about=OF_VOLUMES)
        self.latent = fields.latent(model.z_dim, model.latent)
        encoder = Encoder(self.source.shape[0], model.encoder_width, model.z_dim)
        self.autoencoder = PictureToVolume(
            encoder, VolumeGenerator(model.z_dim, model.width, params.data.size)
        )
        self.volume_discriminator = VolumeDiscriminator(model.width, params.data.size, norm="none")
        self.game = Game(params)
        self.statistics = (*self.game.statistics, "squared_error_loss", "kl_loss")

    def players(self) -> dict[str, nn.Module]:
        return {"autoencoder": self.autoencoder, "volume_discriminator": self.volume_discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.autoencoder})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        """A volume of a picture, and beside it one of noise, as 3D-GAN's."""
        volume, whole = {"voxels": self.voxels}, shipped[GENERATOR]
        return {
            GENERATOR: Export(whole, {"image": self.source}, volume),
            "volumes": Export(whole.generator, {"z": self.latent}, volume),
        }

    def step(self, turns: list[Turn]) -> Moves:
        """L = L_GAN + kl L_KL + squared_error L_recon (section 3.3), one code drawn for each picture.

        As published D tells real volumes from those of the prior's codes. Here they are one half of its
        fakes: the other half are volumes of pictures, since these are what ships.
        """
        (turn,) = turns
        volume, count = turn.batch["images"], len(turn.batch["images"])
        mean, log_variance = (value.float() for value in self.autoencoder.encoder(turn.batch["source"]))
        z = mean + (log_variance / 2).exp() * turn.draw(self.latent, "posterior")
        of_prior = turn.draw(self.latent)[: count // 2]
        made = self.autoencoder.generator(torch.cat([z, of_prior])).float()
        real, fake = (volume,), (made[count // 2 :],)
        yield "volume_discriminator", self.game.critic(self.volume_discriminator, real, fake, turn)
        self.game.clip(self.volume_discriminator)
        fooled = self.game.maker(self.volume_discriminator, real, fake, turn)
        error = (made[:count] - volume).square().flatten(1).sum(1).mean()
        kl = (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean() / 2
        turn.note(squared_error_loss=error, kl_loss=kl)
        yield "autoencoder", fooled + self.model.kl * kl + self.model.squared_error * error
