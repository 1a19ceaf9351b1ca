"""The bidirectional GAN (Donahue et al. 2017): a game of pairs teaches an encoder beside the generator."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields
from pipeline.game import Game, Losses
from pipeline.penalties import Critic, Sample
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.LatentParams):
    """z 50, hidden 1024 in the published form."""

    latent: Literal["uniform"]  # U[0, 1) outside, the published U(-1, 1) inside
    hidden: p.Count  # two layers of it in each network

    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = False
    discriminator_batch_norm: ClassVar = True

    def players(self) -> tuple[str, ...]:
        return ("generators", "joint_discriminator")


class ThreeLayers(nn.Module):
    """[N, inputs] -> [N, outputs]; batch norm in the second layer, without gain and bias (appendix C.1)."""

    def __init__(self, inputs: int, hidden: int, outputs: int, leak: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.LeakyReLU(leak),
            nn.Linear(hidden, hidden),
            nn.BatchNorm1d(hidden, affine=False),
            nn.LeakyReLU(leak),
            nn.Linear(hidden, outputs),
        )
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, 0, 0.02)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Generator(nn.Module):
    """z [N, z_dim] in [0, 1) -> image [N, C, size, size] in [-1, 1]."""

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        self.shape = image.shape
        self.layers = ThreeLayers(model.z_dim, model.hidden, math.prod(image.shape), leak=0.0)

    def forward(self, z: Tensor) -> Tensor:
        logits = self.layers(2 * z - 1)
        return torch.tanh(0.5 * logits).reshape(-1, *self.shape)  # 2 sigmoid(logit) - 1


class Encoder(nn.Module):
    """Image [N, C, size, size] -> z [N, z_dim] in the units that the generator's file takes.

    So G(E(x)) is one file after the other. Nothing keeps z within [0, 1) but the game.
    """

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        self.layers = ThreeLayers(math.prod(image.shape), model.hidden, model.z_dim, leak=0.2)

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * self.layers(_white(x)) + 0.5


class JointDiscriminator(nn.Module):
    """Image [N, C, size, size] and z [N, z_dim] -> logits [N]: high where the image was there first."""

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        self.layers = ThreeLayers(math.prod(image.shape) + model.z_dim, model.hidden, 1, leak=0.2)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return self.layers(torch.cat([_white(x), 2 * z - 1], 1)).reshape(-1)


class SwappedGame(Game):
    """Whoever makes the pairs pays D's loss with the sides exchanged (section 3.4)."""

    def maker_losses(self, critic: Critic, real: Sample, fake: Sample) -> Losses:
        """Both pairs count: the encoder made one, the generator the other."""
        paid = self.critic_losses(critic, fake, real)
        return Losses(paid.loss, real_logits=paid.fake_logits, fake_logits=paid.real_logits)


class Model(System):
    """The system `bigan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.latent = fields.latent(model.z_dim, model.latent)
        self.generator = Generator(model, self.image)
        self.encoder = Encoder(model, self.image)
        self.joint_discriminator = JointDiscriminator(model, self.image)
        self.game = SwappedGame(params, judged=2)
        self.statistics = self.game.statistics
        self.certain = self.game.objective.scale

    def players(self) -> dict[str, nn.Module]:
        return {
            "generators": nn.ModuleList([self.generator, self.encoder]),
            "joint_discriminator": self.joint_discriminator,
        }

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator, "encoder": self.encoder})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        encoded = replace(self.latent, about=self.latent.about | {"of": "z"})
        return {
            GENERATOR: Export(shipped[GENERATOR], {"z": self.latent}, {"image": self.image}),
            "encoder": Export(shipped["encoder"], {"image": self.image}, {"z": encoded}),
        }

    def step(self, turns: list[Turn]) -> Moves:
        """Eq. (3): D tells (x, E(x)) from (G(z), z); E and G make them alike."""
        (turn,) = turns
        x, z = turn.batch["images"], turn.draw(self.latent)
        encoded, made = self.encoder(x), self.generator(z)
        seen = x, encoded.detach()
        yield "joint_discriminator", self.game.critic(self.joint_discriminator, seen, (made, z), turn)
        yield "generators", self.game.maker(self.joint_discriminator, (x, encoded), (made, z), turn)


def _white(x: Tensor) -> Tensor:
    """Flat pixels [N, C H W] of images in [-1, 1], where black is 0: a first layer without batch norm."""
    return (0.5 * x + 0.5).flatten(1)
