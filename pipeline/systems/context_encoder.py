"""The context encoder (Pathak et al. 2016): the middle of a picture, filled in from what surrounds it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, ClassVar

import pydantic
import torch
from torch import Tensor, nn

from pipeline import params as p
from pipeline.data.holes import hole_of
from pipeline.errors import UserError
from pipeline.fields import Fields
from pipeline.game import Game
from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.patches import DEEPEST
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.ModelParams):
    """width 64, bottleneck 4000, discriminator 64, adversarial 1e-3, overlap 4 of 128 pixels as published."""

    width: p.Count
    bottleneck: p.Count
    discriminator_width: p.Count
    overlap: Annotated[int, pydantic.Field(ge=0)]  # pixels around the hole that are predicted as well
    overlap_weight: p.Positive  # of their error; that of the hole's is 1
    adversarial: p.Share  # weight of the game; that of the error is what is left of 1

    needs: ClassVar = {"images": "image", "source": "image"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (16, 32, 64, 128)
    discriminator_batch_norm: ClassVar = True
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("generator", "hole_discriminator")


class Generator(nn.Module):
    """Image [N, C, size, size] -> image [N, C, size, size] in [-1, 1] (section 3.1).

    4x4 convolutions halve it down to 4x4, from `width` maps to eight times as many; one more leaves
    `bottleneck` numbers, through which every pixel can reach every other; the same way back.
    """

    def __init__(self, channels: int, width: int, bottleneck: int, size: int) -> None:
        """`size`: a power of two, 8 or more."""
        super().__init__()
        maps = [width * min(2**level, DEEPEST) for level in range(size.bit_length() - 3)]
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for inputs, outputs in pairwise(maps):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(maps[-1], bottleneck, 4), nn.BatchNorm2d(bottleneck), nn.LeakyReLU(0.2)]
        layers += [nn.ConvTranspose2d(bottleneck, maps[-1], 4), nn.BatchNorm2d(maps[-1]), nn.ReLU()]
        for inputs, outputs in pairwise(reversed(maps)):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Filled(nn.Module):
    """The generator as it ships: image [N, C, size, size] to the same, changed in the hole alone."""

    def __init__(self, generator: nn.Module, hole: slice) -> None:
        super().__init__()
        self.generator, self.hole = generator, hole

    def forward(self, x: Tensor) -> Tensor:
        start, stop = self.hole.start, self.hole.stop
        made = self.generator(x)[:, :, start:stop, start:stop]
        rows = torch.cat([x[:, :, start:stop, :start], made, x[:, :, start:stop, stop:]], 3)
        return torch.cat([x[:, :, :start], rows, x[:, :, stop:]], 2)


class HoleDiscriminator(nn.Module):
    """What is in the hole and around it [N, C, side, side] -> a logit [N]; it does not see the rest."""

    def __init__(self, channels: int, width: int, side: int, halvings: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        maps = width
        for level in range(1, halvings):
            inputs, maps = maps, width * min(2**level, DEEPEST)
            layers += [nn.Conv2d(inputs, maps, 4, 2, 1), nn.BatchNorm2d(maps), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(maps * (side >> halvings) ** 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).reshape(-1)


class Model(System):
    """The system `context_encoder`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = self.model = params.model
        channels, size, _ = _checked(params, data)
        self.hole = hole_of(size)
        self.window = slice(self.hole.start - model.overlap, self.hole.stop + model.overlap)
        self.image = replace(data["images"], about=OF_IMAGES)
        where = {"hole": [self.hole.start, self.hole.stop]}
        self.source = replace(data["source"], about=OF_IMAGES | {"of": "source"} | where)
        self.generator = Generator(channels, model.width, model.bottleneck, size)
        side = self.window.stop - self.window.start
        self.hole_discriminator = HoleDiscriminator(
            channels, model.discriminator_width, side, halvings=size.bit_length() - 4
        )
        dcgan_init(self)
        weights = torch.full((side, side), model.overlap_weight)
        weights[model.overlap : side - model.overlap, model.overlap : side - model.overlap] = 1
        self.register_buffer("weights", weights, persistent=False)
        self.game = Game(params)
        self.statistics = (*self.game.statistics, "l2_loss")

    def players(self) -> dict[str, nn.Module]:
        return {GENERATOR: self.generator, "hole_discriminator": self.hole_discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        network = Filled(shipped[GENERATOR], self.hole)
        return {GENERATOR: Export(network, {"image": self.source}, {"filled": self.image})}

    def step(self, turns: list[Turn]) -> Moves:
        """Eq. (3), with eqs. (1) and (2) on the hole and what overlaps with its surroundings."""
        (turn,) = turns
        image = turn.batch["images"][:, :, self.window, self.window]
        fake = self.generator(turn.batch["source"])[:, :, self.window, self.window].float()
        yield "hole_discriminator", self.game.critic(self.hole_discriminator, (image,), (fake,), turn)
        fooled = self.game.maker(self.hole_discriminator, (image,), (fake,), turn)
        distance = (self.weights * (fake - image).square()).mean()
        turn.note(l2_loss=distance)
        adversarial = self.model.adversarial
        yield GENERATOR, (1 - adversarial) * distance + adversarial * fooled


def _checked(params: p.Params[Params], data: Fields) -> tuple[int, int, int]:
    """The shape of an image; UserError for what the networks can't do."""
    shape, given, size = data["images"].shape, data["source"].shape, params.data.size
    if shape != given:
        raise UserError(
            "model.kind: context_encoder needs what goes in to be what comes out but for the hole; choose "
            "hole_pairs"
        )
    if params.model.overlap > size // 4:
        raise UserError(
            f"model.overlap: {params.model.overlap} pixels around the hole are not there in an image of "
            f"{size}; at most {size // 4}"
        )
    return shape
