"""Text to image: GAN-CLS with GAN-INT (Reed et al. 2016), on averaged word embeddings that it learns itself.

The discriminator is also shown real pictures under other captions, and the generator is also asked for what
lies between two captions.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields
from pipeline.mismatched import MismatchedGame
from pipeline.networks.captions import CaptionDiscriminator, Contrary, Words, interpolated
from pipeline.networks.modulated import CodedRising
from pipeline.networks.widths import doubled
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


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


class Generator(nn.Module):
    """z [N, z_dim], caption ids [N, L] -> image [N, C, size, size] (Reed et al. 2016, section 4.1).

    The caption's code and z also decide gain and bias of each norm, which the paper does not have.
    """

    def __init__(self, model: Params, caption: Field, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        widths = doubled(model.generator_width, size)[::-1]
        self.words = Words(caption, model.text_width)
        self.layers = CodedRising(model.z_dim + model.text_width, [*widths, channels])

    def forward(self, z: Tensor, caption: Tensor) -> Tensor:
        return self._image(z, self.words.of_ids(caption))

    def of_shares(self, z: Tensor, shares: Tensor) -> Tensor:
        """The image of a caption, or of a mixture, that is given by the shares of its words [N, V + 1]."""
        return self._image(z, self.words(shares))

    def _image(self, z: Tensor, code: Tensor) -> Tensor:
        return torch.tanh(self.layers(torch.cat([z, code], 1)))


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
        self.caption_discriminator = CaptionDiscriminator(
            caption, model.text_width, self.image, model.discriminator_width
        )
        self.contrary = Contrary(caption)
        self.game = MismatchedGame(params, model.mismatched, self.wrong)
        self.statistics = self.game.statistics

    def players(self) -> dict[str, nn.Module]:
        return {GENERATOR: self.generator, "caption_discriminator": self.caption_discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        inputs = {"z": self.latent, "caption": self.caption}
        return {GENERATOR: Export(shipped[GENERATOR], inputs, {"image": self.image})}

    def wrong(self, words: Tensor) -> tuple[Tensor]:
        """Captions that the images do not show."""
        return (self.contrary(words),)

    def step(self, turns: list[Turn]) -> Moves:
        """Algorithm 1; with eq. (5) for a share of the generator's images."""
        (turn,) = turns
        words = self.generator.words.shares(turn.batch["captions"])
        real, z = (turn.batch["images"], words), turn.draw(self.latent)
        fake = self.generator.of_shares(z, words), words
        yield "caption_discriminator", self.game.critic(self.caption_discriminator, real, fake, turn)
        if self.model.interpolated:
            asked = interpolated(words, self.model.interpolated)
            fake = self.generator.of_shares(z, asked), asked
        yield GENERATOR, self.game.maker(self.caption_discriminator, real, fake, turn)
