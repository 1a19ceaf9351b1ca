"""StackGAN (Zhang et al. 2017): a small picture of a caption, then the same again at twice the size.

The second stage begins when the first is done, and stays as it is. What ships is both, one after the other.
Words are embedded as in GAN-CLS, and learnt, in place of a network that was trained before.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import pydantic
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, softplus

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields
from pipeline.mismatched import MismatchedGame
from pipeline.networks.captions import CaptionDiscriminator, Contrary, Words
from pipeline.networks.doubling import Doubling
from pipeline.networks.modulated import CodedRising
from pipeline.networks.residual import BatchNormBlock
from pipeline.networks.strided import rising
from pipeline.networks.widths import doubled
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.LatentParams):
    """`generator_width`, `discriminator_width`: maps at half the image's size; doubled with each halving.

    `text_width`, `condition_width`: numbers of a caption's code, and of what is drawn of it; `blocks`: of the
    second stage; `condition_weight`: of the divergence of what is drawn from N(0, 1); `mismatched`: the share
    of a discriminator's fakes that are real images under another caption; `first_stage`: the share of the
    run that the first stage has.
    """

    latent: Literal["normal"]  # as what is drawn of a caption's code
    generator_width: p.Count
    discriminator_width: p.Count
    text_width: p.Count
    condition_width: p.Count
    blocks: p.Count
    condition_weight: Annotated[float, pydantic.Field(ge=0)]
    mismatched: p.Share
    first_stage: Annotated[float, pydantic.Field(gt=0, lt=1)]

    needs: ClassVar = {"images": "image", "captions": "text"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (32, 64)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("generator_1", "discriminator_1", "generator_2", "discriminator_2")


class Condition(nn.Module):
    """Conditioning augmentation (section 3.2): a caption's code and noise -> what both stages are given.

    All are [N, ...]. The deviation is a softplus, whose operator every runtime has, in place of an exp.
    """

    def __init__(self, text_width: int, width: int) -> None:
        super().__init__()
        self.mean, self.spread = nn.Linear(text_width, width), nn.Linear(text_width, width)

    def forward(self, code: Tensor, noise: Tensor) -> Tensor:
        return self.mean(code) + softplus(self.spread(code)) * noise

    def divergence(self, code: Tensor) -> Tensor:
        """Eq. (2): of N(mean, deviation) from N(0, 1), the mean over its numbers and the batch."""
        mean, deviation = self.mean(code).float(), softplus(self.spread(code)).float()
        return ((mean.square() + deviation.square() - 1) / 2 - deviation.log()).mean()


class First(nn.Module):
    """z [N, z_dim], condition [N, condition_width] -> image [N, C, size / 2, size / 2] (section 3.3).

    Both also decide gain and bias of each norm, as in `textgan`.
    """

    def __init__(self, model: Params, caption: Field, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        widths = doubled(model.generator_width, size)[:0:-1]
        self.words = Words(caption, model.text_width)
        self.condition = Condition(model.text_width, model.condition_width)
        self.layers = CodedRising(model.z_dim + model.condition_width, [*widths, channels])

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        return torch.tanh(self.layers(torch.cat([z, condition], 1)))


class Second(nn.Module):
    """The first stage's image, condition -> image [N, C, size, size] (section 3.4).

    Down to a quarter of the size, where the condition joins, through residual blocks, and up. A layer that
    reads the condition at every place alike is added to one that reads the maps: the same as one for both.
    """

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        channels, width = image.shape[0], model.generator_width
        self.down = nn.Sequential(
            *(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(width, 2 * width, 4, 2, 1), nn.BatchNorm2d(2 * width), nn.ReLU()),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
        )
        self.given = nn.Linear(model.condition_width, 2 * width, bias=False)
        self.up = nn.Sequential(
            *(nn.BatchNorm2d(2 * width), nn.ReLU()),
            *(BatchNormBlock(2 * width) for _ in range(model.blocks)),
            *(rising([2 * width, width, channels]), nn.Tanh()),
        )

    def forward(self, image: Tensor, condition: Tensor) -> Tensor:
        maps = self.down(image)
        return self.up(maps + self.given(condition).reshape(-1, maps.shape[1], 1, 1))


class Generator(nn.Module):
    """z [N, z_dim + condition_width], caption ids [N, L] -> image [N, C, size, size]: both stages.

    The last numbers of z are the noise of the condition.
    """

    def __init__(self, model: Params, caption: Field, image: Field) -> None:
        super().__init__()
        self.z_dim = model.z_dim
        self.first = First(model, caption, image)
        self.second = Second(model, image)
        self.doubling = Doubling(image.shape[0])

    def forward(self, z: Tensor, caption: Tensor) -> Tensor:
        return self.second(*self.of_code(z, self.first.words.of_ids(caption)))

    def of_code(self, z: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        """The first stage's image, and the condition, of a caption's code."""
        condition = self.first.condition(code, z[:, self.z_dim :])
        return self.first(z[:, : self.z_dim], condition), condition


class FirstShown(nn.Module):
    """The image of the first stage alone, at the full size, for the pictures of a run."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, caption: Tensor) -> Tensor:
        image, _ = self.generator.of_code(z, self.generator.first.words.of_ids(caption))
        return self.generator.doubling(image)


class Model(System):
    """The system `stackgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = self.model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        caption = data["captions"]
        self.caption = replace(caption, about=caption.about | {"of": "captions"})
        self.latent = fields.latent(model.z_dim + model.condition_width, model.latent)
        self.generator = Generator(model, caption, self.image)
        channels, size, _ = self.image.shape
        width = model.discriminator_width
        self.discriminators = nn.ModuleList(
            CaptionDiscriminator(caption, model.text_width, fields.image(channels, side), maps)
            for side, maps in ((size // 2, 2 * width), (size, width))
        )
        self.contrary = Contrary(caption)
        self.games = [
            MismatchedGame(
                params, model.mismatched, lambda words: (self.contrary(words),), name=f"stage_{stage}"
            )
            for stage in (1, 2)
        ]
        self.statistics = (*self.games[0].statistics, "divergence", *self.games[1].statistics)
        self.first_done = True  # unless a step says otherwise

    def players(self) -> dict[str, nn.Module]:
        first, second = self.discriminators
        networks = (self.generator.first, first, self.generator.second, second)
        return dict(zip(self.model.players(), networks, strict=True))

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        """Both stages, or within a run, for its pictures, the first until that is done."""
        generator = shipped[GENERATOR]
        network = generator if self.first_done else FirstShown(generator)
        return {
            GENERATOR: Export(network, {"z": self.latent, "caption": self.caption}, {"image": self.image})
        }

    def wrong(self, words: Tensor) -> tuple[Tensor]:
        """Captions that the images do not show."""
        return (self.contrary(words),)

    def step(self, turns: list[Turn]) -> Moves:
        """Eqs. (3) and (4) until the first stage is done, then eqs. (5) and (6)."""
        (turn,) = turns
        self.first_done = turn.progress >= self.model.first_stage
        words, z = self.generator.first.words.shares(turn.batch["captions"]), turn.draw(self.latent)
        yield from (self._second if self.first_done else self._first)(turn, words, z)

    def _first(self, turn: Turn, words: Tensor, z: Tensor) -> Moves:
        code = self.generator.first.words(words)
        image, _ = self.generator.of_code(z, code)
        real, fake = (avg_pool2d(turn.batch["images"], 2), words), (image, words)
        yield "discriminator_1", self.games[0].critic(self.discriminators[0], real, fake, turn)
        divergence = self.generator.first.condition.divergence(code)
        turn.note(divergence=divergence)
        fooled = self.games[0].maker(self.discriminators[0], real, fake, turn)
        yield "generator_1", fooled + self.model.condition_weight * divergence

    def _second(self, turn: Turn, words: Tensor, z: Tensor) -> Moves:
        self.generator.first.eval()  # its batch norms stay, too: the first stage is as it ships
        with torch.no_grad():
            image, condition = self.generator.of_code(z, self.generator.first.words(words))
        real, fake = (turn.batch["images"], words), (self.generator.second(image, condition), words)
        yield "discriminator_2", self.games[1].critic(self.discriminators[1], real, fake, turn)
        yield "generator_2", self.games[1].maker(self.discriminators[1], real, fake, turn)
