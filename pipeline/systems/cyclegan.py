"""CycleGAN (Zhu et al. 2017): two sets of images translated into each other, without pairs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

import pydantic
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from pipeline import params as p
from pipeline.errors import UserError
from pipeline.fields import Fields
from pipeline.game import Game
from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.patches import PatchDiscriminator, check_halvings
from pipeline.networks.pool import ImagePool
from pipeline.networks.residual import ResidualNetwork
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.ModelParams):
    """width 64, 9 blocks, discriminator 64 with 3 halvings, pool 50 in the published form at 256 pixels."""

    width: p.Count
    blocks: p.Count
    discriminator_width: p.Count
    halvings: p.Count
    cycle: p.Positive  # weight of the way there and back; 5 is the published 10: the least squares are halved
    identity: Annotated[float, pydantic.Field(ge=0)]  # of an image that is of the other kind, times `cycle`
    pool: Annotated[int, pydantic.Field(ge=0)]  # past images that the discriminators are shown

    needs: ClassVar = {"images": "image", "other": "image"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (16, 32, 64, 128, 256)
    conditional: ClassVar = False
    single_process: ClassVar = "each process would keep past images of its own"

    def players(self) -> tuple[str, ...]:
        return ("generators", "discriminators")


class Model(System):
    """The system `cyclegan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        _refuse(params, data)
        model = self.model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.other = replace(data["other"], about=OF_IMAGES | {"of": "other"})
        channels, of_other = self.image.shape[0], self.other.shape[0]
        self.there = ResidualNetwork(channels, of_other, model.width, model.blocks)
        self.back = ResidualNetwork(of_other, channels, model.width, model.blocks)
        self.judge_images = PatchDiscriminator(channels, model.discriminator_width, model.halvings)
        self.judge_other = PatchDiscriminator(of_other, model.discriminator_width, model.halvings)
        for network in (self.there, self.back, self.judge_images, self.judge_other):
            dcgan_init(network)
        self.past_images = ImagePool(model.pool, self.image.shape)
        self.past_other = ImagePool(model.pool, self.other.shape)
        self.game_images, self.game_other = Game(params, name="images"), Game(params, name="other")
        of_games = *self.game_images.statistics, *self.game_other.statistics
        self.statistics = (*of_games, "cycle_loss", "identity_loss")

    def players(self) -> dict[str, nn.Module]:
        return {
            "generators": nn.ModuleList([self.there, self.back]),
            "discriminators": nn.ModuleList([self.judge_images, self.judge_other]),
        }

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.there, "back": self.back})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        return {
            GENERATOR: Export(shipped[GENERATOR], {"image": self.image}, {"translated": self.other}),
            "back": Export(shipped["back"], {"image": self.other}, {"translated": self.image}),
        }

    def step(self, turns: list[Turn]) -> Moves:
        """Eq. (3); the discriminators are shown past images (section 4)."""
        (turn,) = turns
        a, b = turn.batch["images"], turn.batch["other"]
        fake_b, fake_a = self.there(a), self.back(b)
        fooled = self.game_other.maker(self.judge_other, (b,), (fake_b,), turn)
        fooled = fooled + self.game_images.maker(self.judge_images, (a,), (fake_a,), turn)
        cycle = l1_loss(self.back(fake_b), a) + l1_loss(self.there(fake_a), b)  # eq. (2)
        turn.note(cycle_loss=cycle)
        yield "generators", fooled + self.model.cycle * (cycle + self._changes(a, b, turn))
        seen = turn.index * len(a)
        past_a = self.past_images.exchange(fake_a.detach(), seen, turn.stream("past images"))
        past_b = self.past_other.exchange(fake_b.detach(), seen, turn.stream("past other"))
        paid = self.game_images.critic(self.judge_images, (a,), (past_a,), turn)
        yield "discriminators", paid + self.game_other.critic(self.judge_other, (b,), (past_b,), turn)

    def _changes(self, a: Tensor, b: Tensor, turn: Turn) -> Tensor | float:
        """How much is changed of images that are of the wanted kind already, weighted (section 5.2)."""
        if not self.model.identity:
            return 0.0
        changed = l1_loss(self.there(b), b) + l1_loss(self.back(a), a)
        turn.note(identity_loss=changed)
        return self.model.identity * changed


def _refuse(params: p.Params[Params], data: Fields) -> None:
    """UserError for what the networks can't do."""
    model = params.model
    check_halvings(model.halvings, params.data.size)
    if 0 < model.pool < params.train.batch:
        raise UserError(f"model.pool: {model.pool} images are fewer than a batch of {params.train.batch}")
    if model.identity and data["images"].shape != data["other"].shape:
        raise UserError("model.identity: must be 0 where images and other have unlike channels")
