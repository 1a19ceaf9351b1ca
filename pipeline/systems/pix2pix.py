"""pix2pix (Isola et al. 2017): an image made of another, learnt from pairs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

import pydantic
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from pipeline import params as p
from pipeline.errors import UserError
from pipeline.fields import Fields
from pipeline.game import Game
from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.patches import PatchDiscriminator, check_halvings
from pipeline.networks.unet import UNet
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.ModelParams):
    """width 64, discriminator 64 with 3 halvings in the published form at 256 pixels."""

    width: p.Count
    discriminator_width: p.Count
    halvings: p.Count
    l1: Annotated[float, pydantic.Field(ge=0)]  # weight of the distance from what should come out

    needs: ClassVar = {"images": "image", "source": "image"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (16, 32, 64, 128, 256)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("generator", "pair_discriminator")


class PairDiscriminator(PatchDiscriminator):
    """Image [N, C, H, W] and what it is made of [N, C', H, W] -> a logit for each patch [N, 1, h, w]."""

    def forward(self, image: Tensor, source: Tensor) -> Tensor:
        return super().forward(torch.cat([image, source], 1))


class Model(System):
    """The system `pix2pix`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = self.model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.source = replace(data["source"], about=OF_IMAGES | {"of": "source"})
        (channels, size, _), (given, given_size, _) = self.image.shape, self.source.shape
        check_halvings(model.halvings, size)
        if given_size != size:
            raise UserError(
                f"model.kind: pix2pix needs what goes in as large as what comes out, and source has "
                f"{given_size} pixels a side, images {size}; choose other pairs"
            )
        self.generator = UNet(given, channels, model.width, size)
        self.pair_discriminator = PairDiscriminator(
            channels + given, model.discriminator_width, model.halvings
        )
        dcgan_init(self)
        self.game = Game(params)
        self.statistics = (*self.game.statistics, "l1_loss")

    def players(self) -> dict[str, nn.Module]:
        return {GENERATOR: self.generator, "pair_discriminator": self.pair_discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        return {GENERATOR: Export(shipped[GENERATOR], {"image": self.source}, {"translated": self.image})}

    def step(self, turns: list[Turn]) -> Moves:
        """Eq. (4); the discriminator, which sees whole pairs, pays half (section 3.3)."""
        (turn,) = turns
        image, source = turn.batch["images"], turn.batch["source"]
        fake = self.generator(source)
        told = self.game.critic(self.pair_discriminator, (image, source), (fake, source), turn)
        yield "pair_discriminator", told / 2
        fooled = self.game.maker(self.pair_discriminator, (image, source), (fake, source), turn)
        distance = l1_loss(fake, image)  # eq. (3)
        turn.note(l1_loss=distance)
        yield GENERATOR, fooled + self.model.l1 * distance
