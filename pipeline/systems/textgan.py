"""Text to image: GAN-CLS with GAN-INT (Reed et al. 2016), on averaged word embeddings that it learns itself.

The discriminator is also shown real pictures under other captions, and the generator is also asked for what
lies between two captions.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, embedding, leaky_relu, one_hot

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields
from pipeline.mismatched import MismatchedGame
from pipeline.networks.widths import doubled
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn

BETA = 0.5  # how far the way between two captions is gone (section 4.3)


class Params(p.LatentParams):
    """`generator_width`, `discriminator_width`: maps at half the image's size; doubled with each halving.

    `text_width`: numbers of a caption's code. `mismatched`: the share of the discriminator's fakes that are
    real images under another caption; `interpolated`: that of the generator's images whose caption is half
    another one's. 0 switches either off.
    """

    generator_width: p.Count
    discriminator_width: p.Count
    text_width: p.Count
    mismatched: p.Share
    interpolated: p.Share

    needs: ClassVar = {"images": "image", "captions": "text"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (16, 32, 64)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("generator", "caption_discriminator")


class Words(nn.Module):
    """Caption -> its code [N, text_width], of the mean of its words' embeddings; no word has one, too.

    A caption is ids [N, L], or the share [N, V + 1] that each word has of it: a mixture of captions has such.
    """

    def __init__(self, caption: Field, width: int) -> None:
        super().__init__()
        (self.length,) = caption.shape
        self.count = len(caption.about["vocabulary"]) + 1
        self.embeddings = nn.Linear(self.count, width)
        nn.init.normal_(self.embeddings.weight, 0, self.length**0.5)  # the mean's variance is 1

    def forward(self, shares: Tensor) -> Tensor:
        return leaky_relu(self.embeddings(shares), 0.2)

    def of_ids(self, caption: Tensor) -> Tensor:
        """The code of ids [N, L], in operators that every runtime has."""
        found = embedding(caption, self.embeddings.weight.T)
        width = self.embeddings.out_features
        mean = avg_pool2d(found.reshape(-1, 1, self.length, width), (self.length, 1))
        return leaky_relu(mean.reshape(-1, width) + self.embeddings.bias, 0.2)

    def shares(self, caption: Tensor) -> Tensor:
        """Of ids [N, L]: [N, V + 1]."""
        return one_hot(caption, self.count).float().mean(1)


class Generator(nn.Module):
    """z [N, z_dim], caption ids [N, L] -> image [N, C, size, size] (Reed et al. 2016, section 4.1)."""

    def __init__(self, model: Params, caption: Field, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        widths = doubled(model.generator_width, size)[::-1]
        self.words = Words(caption, model.text_width)
        self.start = (widths[0], 4, 4)
        self.project = nn.Linear(model.z_dim + model.text_width, widths[0] * 16)
        layers: list[nn.Module] = []
        for inputs, outputs in zip(widths, [*widths[1:], channels], strict=True):
            layers += [nn.BatchNorm2d(inputs), nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)]
        self.layers = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z: Tensor, caption: Tensor) -> Tensor:
        return self._image(z, self.words.of_ids(caption))

    def of_shares(self, z: Tensor, shares: Tensor) -> Tensor:
        """The image of a caption, or of a mixture, that is given by the shares of its words [N, V + 1]."""
        return self._image(z, self.words(shares))

    def _image(self, z: Tensor, code: Tensor) -> Tensor:
        return self.layers(self.project(torch.cat([z, code], 1)).reshape(-1, *self.start))


class Discriminator(nn.Module):
    """Image [N, C, size, size], shares of words [N, V + 1] -> logits [N]: is it real, and of this caption?

    The caption's code is joined to the maps of 4x4 pixels (Reed et al. 2016, section 4.1).
    """

    def __init__(self, model: Params, caption: Field, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        widths = doubled(model.discriminator_width, size)
        self.words = Words(caption, model.text_width)
        layers: list[nn.Module] = []
        for inputs, outputs in zip([channels, *widths], widths, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.joined = nn.Conv2d(widths[-1] + model.text_width, widths[-1], 1)
        self.last = nn.Conv2d(widths[-1], 1, 4)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, 0.2)
                nn.init.zeros_(layer.bias)

    def features(self, image: Tensor, shares: Tensor) -> Tensor:
        """Maps [N, C', 4, 4] of images alone."""
        return self.layers(image)

    def logits(self, features: Tensor, shares: Tensor) -> Tensor:
        """Of what `features` gave, under captions."""
        code = self.words(shares)[:, :, None, None].expand(-1, -1, *features.shape[2:])
        return self.last(leaky_relu(self.joined(torch.cat([features, code], 1)), 0.2)).reshape(-1)

    def forward(self, image: Tensor, shares: Tensor) -> Tensor:
        return self.logits(self.features(image, shares), shares)


class Model(System):
    """The system `textgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = self.model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        caption = data["captions"]
        self.caption = replace(caption, about=caption.about | {"of": "captions"})
        self.latent = fields.latent(model.z_dim, model.latent)
        self.generator = Generator(model, caption, self.image)
        self.caption_discriminator = Discriminator(model, caption, self.image)
        self.game = MismatchedGame(params, model.mismatched, _others)
        self.statistics = self.game.statistics

    def players(self) -> dict[str, nn.Module]:
        return {GENERATOR: self.generator, "caption_discriminator": self.caption_discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        inputs = {"z": self.latent, "caption": self.caption}
        return {GENERATOR: Export(shipped[GENERATOR], inputs, {"image": self.image})}

    def step(self, turns: list[Turn]) -> Moves:
        """Algorithm 1; with eq. (5) for a share of the generator's images."""
        (turn,) = turns
        words = self.generator.words.shares(turn.batch["captions"])
        real, z = (turn.batch["images"], words), turn.draw(self.latent)
        fake = self.generator.of_shares(z, words), words
        yield "caption_discriminator", self.game.critic(self.caption_discriminator, real, fake, turn)
        if self.model.interpolated:
            asked = self._interpolated(words)
            fake = self.generator.of_shares(z, asked), asked
        yield GENERATOR, self.game.maker(self.caption_discriminator, real, fake, turn)

    def _interpolated(self, words: Tensor) -> Tensor:
        """The same with some of the captions [N, V + 1] half way to another one of the batch."""
        count = round(self.model.interpolated * len(words))
        between = torch.lerp(words, _others(words), BETA)
        return torch.cat([between[:count], words[count:]])


def _others(words: Tensor) -> Tensor:
    """The captions of other images: those of the batch, which is shuffled, by one place on."""
    return words.roll(1, 0)
