"""Coupled GANs (Liu and Tuzel 2016): pairs of two kinds of images, learnt without a single pair."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from torch import Tensor, nn

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Fields
from pipeline.game import Game
from pipeline.networks.initialisation import dcgan_init
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.LatentParams):
    """width 128 in the published form: 1024, 512, 256 and 128 maps in the generators' common layers."""

    width: p.Count

    needs: ClassVar = {"images": "image", "other": "image"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (28,)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("generators", "discriminators")


def _up(inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> nn.Sequential:
    grow = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding)
    return nn.Sequential(grow, nn.BatchNorm2d(outputs), nn.PReLU(outputs))


class Generators(nn.Module):
    """z [N, z_dim] -> an image [N, C, 28, 28] and the other [N, C', 28, 28] of its pair (appendix A).

    What they have in common decides what is shown; the last layers decide how.
    """

    def __init__(self, z_dim: int, width: int, channels: int, of_other: int) -> None:
        super().__init__()
        self.common = nn.Sequential(
            nn.Unflatten(1, (z_dim, 1, 1)),
            _up(z_dim, 8 * width, 4, 1, 0),
            _up(8 * width, 4 * width, 3, 2, 1),
            _up(4 * width, 2 * width, 3, 2, 1),
            _up(2 * width, width, 3, 2, 1),
        )
        self.image, self.other = (
            nn.Sequential(nn.ConvTranspose2d(width, count, 6, 1, 1), nn.Tanh())
            for count in (channels, of_other)
        )

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        common = self.common(z)
        return self.image(common), self.other(common)


class Discriminator(nn.Module):
    """Image [N, C, 28, 28] -> logits [N]: a first layer of its own, then what both have in common."""

    def __init__(self, channels: int, common: nn.Module) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, 20, 5), nn.MaxPool2d(2))
        self.common = common

    def forward(self, x: Tensor) -> Tensor:
        return self.common(self.first(x)).squeeze(1)


def _common_layers() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(50 * 4 * 4, 500),
        nn.PReLU(500),
        nn.Linear(500, 1),
    )


class Model(System):
    """The system `cogan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.other = replace(data["other"], about=OF_IMAGES | {"of": "other"})
        self.latent = fields.latent(model.z_dim, model.latent)
        sides = self.image.shape[0], self.other.shape[0]
        self.generators = Generators(model.z_dim, model.width, *sides)
        common = _common_layers()
        self.judge_images, self.judge_other = (Discriminator(channels, common) for channels in sides)
        dcgan_init(self)
        self.game_images, self.game_other = Game(params, name="images"), Game(params, name="other")
        self.statistics = (*self.game_images.statistics, *self.game_other.statistics)

    def players(self) -> dict[str, nn.Module]:
        judges = nn.ModuleList([self.judge_images, self.judge_other])
        return {"generators": self.generators, "discriminators": judges}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generators})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        pair = {"image": self.image, "other": self.other}
        return {GENERATOR: Export(shipped[GENERATOR], {"z": self.latent}, pair)}

    def step(self, turns: list[Turn]) -> Moves:
        """Eq. (2): two games at once, whose players share weights."""
        (turn,) = turns
        a, b = turn.batch["images"], turn.batch["other"]
        fake_a, fake_b = self.generators(turn.draw(self.latent))
        told = self.game_images.critic(self.judge_images, (a,), (fake_a,), turn)
        yield "discriminators", told + self.game_other.critic(self.judge_other, (b,), (fake_b,), turn)
        fooled = self.game_images.maker(self.judge_images, (a,), (fake_a,), turn)
        yield "generators", fooled + self.game_other.maker(self.judge_other, (b,), (fake_b,), turn)
