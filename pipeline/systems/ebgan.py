"""The energy-based GAN (Zhao et al. 2017): the discriminator is an autoencoder, and its error the energy."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

import pydantic
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields
from pipeline.networks.initialisation import dcgan_init
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.LatentParams):
    """Hidden layers of 800 in the generator, 784-1024-784 in the autoencoder in the published form."""

    generator_width: p.Count
    discriminator_width: p.Count
    margin: p.Positive  # the energy from which on an image need not be pushed away
    pull_away: Annotated[float, pydantic.Field(ge=0)]  # weight of the term that keeps codes apart

    uses: ClassVar = frozenset()
    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = False


class Generator(nn.Module):
    """z [N, z_dim] -> image [N, C, size, size] in [-1, 1]: five layers."""

    HIDDEN = 4

    def __init__(self, z_dim: int, width: int, image: Field) -> None:
        super().__init__()
        self.shape = image.shape
        layers: list[nn.Module] = []
        for inputs in (z_dim, *[width] * (self.HIDDEN - 1)):
            layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, math.prod(image.shape)), nn.Tanh())
        dcgan_init(self)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z).reshape(-1, *self.shape)


class Autoencoder(nn.Module):
    """Image [N, C, size, size] -> its energy [N]; the label is not used."""

    def __init__(self, width: int, image: Field) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image.shape), width), nn.ReLU())
        self.decode = nn.Linear(width, math.prod(image.shape))
        dcgan_init(self)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.energy(x, self.encode(x))

    def energy(self, x: Tensor, encoded: Tensor) -> Tensor:
        """How far images come back from codes [N, width]: the distance |Dec(Enc(x)) - x| (section 2.3)."""
        return torch.linalg.vector_norm(self.decode(encoded).float() - x.flatten(1).float(), dim=1)


class Model(System):
    """The system `ebgan`."""

    statistics = ("discriminator_loss", "generator_loss", "pull_away_loss", "real_energy", "fake_energy")

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = self.model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.latent = fields.latent(model.z_dim, model.latent)
        self.generator = Generator(model.z_dim, model.generator_width, self.image)
        self.discriminator = Autoencoder(model.discriminator_width, self.image)

    def players(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        return {GENERATOR: Export(shipped[GENERATOR], {"z": self.latent}, {"image": self.image})}

    def step(self, turns: list[Turn]) -> Moves:
        """Eqs. (1) and (2); the generator's with the pull-away term of section 2.4."""
        (turn,) = turns
        made = self.generator(turn.draw(self.latent))
        real, fake = self.discriminator(turn.batch["images"]), self.discriminator(made.detach())
        told = (real + relu(self.model.margin - fake)).mean()
        turn.note(discriminator_loss=told, real_energy=real.mean(), fake_energy=fake.mean())
        yield "discriminator", told
        encoded = self.discriminator.encode(made)
        energy, alike = self.discriminator.energy(made, encoded).mean(), pull_away(encoded.float())
        turn.note(generator_loss=energy, pull_away_loss=alike)
        yield "generator", energy + self.model.pull_away * alike


def pull_away(codes: Tensor) -> Tensor:
    """The mean squared cosine between two of the codes [N, width], a scalar (section 2.4)."""
    unit, count = normalize(codes, dim=1), len(codes)
    cosines = unit @ unit.T
    return (cosines.square().sum() - cosines.diagonal().square().sum()) / (count * (count - 1))
