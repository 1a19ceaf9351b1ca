"""SimGAN (Shrivastava et al. 2017): a refiner makes rendered images look real, and leaves what they show."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

import pydantic
from torch import nn
from torch.nn.functional import l1_loss

from pipeline import params as p
from pipeline.errors import UserError
from pipeline.fields import Fields
from pipeline.game import Game
from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.patches import PatchDiscriminator, check_halvings
from pipeline.networks.pool import ImagePool, check_pool
from pipeline.networks.residual import ResidualBlock
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.ModelParams):
    """width 64, 4 blocks in the published form at 55x35 pixels."""

    width: p.Count
    blocks: p.Count
    discriminator_width: p.Count
    halvings: p.Count
    self_regularisation: Annotated[float, pydantic.Field(ge=0)]  # weight of the distance from what went in
    warm_up: Annotated[float, pydantic.Field(ge=0, lt=1)]  # share of the run in which that alone is paid
    pool: Annotated[int, pydantic.Field(ge=0)]  # past refined images, of which half of each batch is

    needs: ClassVar = {"images": "image", "other": "image"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (16, 28, 32, 64)
    conditional: ClassVar = False
    single_process: ClassVar = "each process would keep past images of its own"

    def players(self) -> tuple[str, ...]:
        return ("refiner", "local_discriminator")


class Refiner(nn.Sequential):
    """Image [N, C, H, W] -> one that shows the same [N, C, H, W] in [-1, 1]; never smaller on the way."""

    def __init__(self, channels: int, width: int, blocks: int) -> None:
        super().__init__(
            *(nn.ReflectionPad2d(1), nn.Conv2d(channels, width, 3), nn.ReLU()),
            *(ResidualBlock(width) for _ in range(blocks)),
            *(nn.Conv2d(width, channels, 1), nn.Tanh()),
        )


class Model(System):
    """The system `simgan`: `images` are refined to be like `other`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = self.model = params.model
        if data["images"].shape != data["other"].shape:
            raise UserError("model.kind: simgan needs images and other of like channels; set data.channels")
        check_halvings(model.halvings, params.data.size)
        check_pool(model.pool, params.train.batch)
        self.image = replace(data["images"], about=OF_IMAGES)
        self.other = replace(data["other"], about=OF_IMAGES | {"of": "other"})
        channels = self.image.shape[0]
        self.refiner = Refiner(channels, model.width, model.blocks)
        self.local_discriminator = PatchDiscriminator(channels, model.discriminator_width, model.halvings)
        dcgan_init(self)
        self.past = ImagePool(model.pool, self.image.shape)
        self.game = Game(params)
        self.statistics = (*self.game.statistics, "change_loss")

    def players(self) -> dict[str, nn.Module]:
        return {"refiner": self.refiner, "local_discriminator": self.local_discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.refiner})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        return {GENERATOR: Export(shipped[GENERATOR], {"image": self.image}, {"translated": self.other})}

    def step(self, turns: list[Turn]) -> Moves:
        """Algorithm 1, one move of each; the discriminator judges patches, also of past images."""
        (turn,) = turns
        rendered, real = turn.batch["images"], turn.batch["other"]
        refined = self.refiner(rendered)
        changed = l1_loss(refined, rendered)
        turn.note(change_loss=changed)
        told = self.game.maker(self.local_discriminator, (real,), (refined,), turn)
        counts = float(turn.progress >= self.model.warm_up)  # at first the refiner learns to change nothing
        yield "refiner", counts * told + self.model.self_regularisation * changed
        seen = turn.index * len(rendered)
        past = self.past.exchange(refined.detach(), seen, turn.stream("past images"))
        yield "local_discriminator", self.game.critic(self.local_discriminator, (real,), (past,), turn)
