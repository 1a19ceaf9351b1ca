"""CycleGAN (Zhu et al. 2017): two sets of images translated into each other, without pairs.

With `keep_labels` a classifier of the images has to read the translation as the same class: pixel-level
domain adaptation (Bousmalis et al. 2017).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

import pydantic
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, l1_loss

from pipeline import params as p
from pipeline.errors import UserError
from pipeline.fields import Fields, class_count
from pipeline.game import Game
from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.patches import PatchDiscriminator, check_halvings
from pipeline.networks.pool import ImagePool, check_pool
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
    keep_labels: Annotated[
        float, pydantic.Field(ge=0)
    ]  # weight of being read as the same class; 0: no labels

    needs: ClassVar = {"images": "image", "other": "image"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (16, 32, 64, 128, 256)
    conditional: ClassVar = False
    single_process: ClassVar = "each process would keep past images of its own"

    def players(self) -> tuple[str, ...]:
        return ("generators", "discriminators", *(["classifier"] if self.keep_labels else []))


class Classifier(nn.Sequential):
    """Image [N, C, size, size] -> logits of the classes [N, K]; no norm mixes images of two kinds."""

    def __init__(self, channels: int, size: int, classes: int) -> None:
        super().__init__(
            *(nn.Conv2d(channels, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 48, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(48 * (size // 4) ** 2, 100), nn.ReLU(), nn.Linear(100, classes)),
        )


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
        self.classifier = None
        if model.keep_labels:
            self.classifier = Classifier(channels, params.data.size, class_count(data["labels"]))
        self.past_images = ImagePool(model.pool, self.image.shape)
        self.past_other = ImagePool(model.pool, self.other.shape)
        self.game_images, self.game_other = Game(params, name="images"), Game(params, name="other")
        of_games = *self.game_images.statistics, *self.game_other.statistics
        of_classifier = ("kept_loss", "classifier_loss") if model.keep_labels else ()
        self.statistics = (*of_games, "cycle_loss", "identity_loss", *of_classifier)

    def players(self) -> dict[str, nn.Module]:
        players: dict[str, nn.Module] = {
            "generators": nn.ModuleList([self.there, self.back]),
            "discriminators": nn.ModuleList([self.judge_images, self.judge_other]),
        }
        return players | ({} if self.classifier is None else {"classifier": self.classifier})

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
        kept = self._misread(fake_b, turn)
        yield "generators", fooled + self.model.cycle * (cycle + self._changes(a, b, turn)) + kept
        seen = turn.index * len(a)
        past_a = self.past_images.exchange(fake_a.detach(), seen, turn.stream("past images"))
        past_b = self.past_other.exchange(fake_b.detach(), seen, turn.stream("past other"))
        paid = self.game_images.critic(self.judge_images, (a,), (past_a,), turn)
        yield "discriminators", paid + self.game_other.critic(self.judge_other, (b,), (past_b,), turn)
        if self.classifier is not None:
            seen_as = self.classifier(torch.cat([a, fake_b.detach()]))  # Bousmalis et al. 2017, eq. (3)
            told = cross_entropy(seen_as.float(), turn.batch["labels"].repeat(2))
            turn.note(classifier_loss=told)
            yield "classifier", told

    def _changes(self, a: Tensor, b: Tensor, turn: Turn) -> Tensor | float:
        """How much is changed of images that are of the wanted kind already, weighted (section 5.2)."""
        if not self.model.identity:
            return 0.0
        changed = l1_loss(self.there(b), b) + l1_loss(self.back(a), a)
        turn.note(identity_loss=changed)
        return self.model.identity * changed

    def _misread(self, translated: Tensor, turn: Turn) -> Tensor | float:
        """How far the classifier is from reading translations as what they are made of, weighted."""
        if self.classifier is None:
            return 0.0
        misread = cross_entropy(self.classifier(translated).float(), turn.batch["labels"])
        turn.note(kept_loss=misread)
        return self.model.keep_labels * misread


def _refuse(params: p.Params[Params], data: Fields) -> None:
    """UserError for what the networks can't do."""
    model = params.model
    check_halvings(model.halvings, params.data.size)
    check_pool(model.pool, params.train.batch)
    for name in ("identity", "keep_labels"):
        if getattr(model, name) and data["images"].shape != data["other"].shape:
            raise UserError(f"model.{name}: must be 0 where images and other have unlike channels")
    if model.keep_labels and class_count(data["labels"]) < 2:
        raise UserError(f"model.keep_labels: must be 0: the images of {params.data.dataset} have no classes")
