"""What and where to draw: a picture of a caption, in a box (GAWWN, Reed et al. 2016).

Generator and discriminator have two paths each: one for the whole picture, one in the frame of the box. A
spatial transformer goes from one to the other. Captions and their codes are as in GAN-CLS.
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
from pipeline.networks.captions import Contrary, Verdict, Words, interpolated, others
from pipeline.networks.frames import Frame
from pipeline.networks.initialisation import leaky_init
from pipeline.networks.modulated import CodedRising
from pipeline.networks.strided import falling, fine_falling, rising
from pipeline.networks.widths import doubled
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn

BOX = 4  # numbers
MARGIN = 0.25  # of the box, on each side, that the discriminator looks at beyond it


class Params(p.LatentParams):
    """`generator_width`, `discriminator_width`: maps at half the image's size; doubled with each halving.

    `text_width`: numbers of a caption's code. `mismatched`: the share of the discriminator's fakes that are
    real images under another caption or another box, half of each; `interpolated`: that of the generator's
    images whose caption is half another one's. 0 switches either off.
    """

    generator_width: p.Count
    discriminator_width: p.Count
    text_width: p.Count
    mismatched: p.Share
    interpolated: p.Share

    needs: ClassVar = {"images": "image", "captions": "text", "boxes": "box"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (16, 32, 64)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("generator", "caption_discriminator")


class Generator(nn.Module):
    """z [N, z_dim], caption ids [N, L], box [N, 4] -> image [N, C, size, size] (section 3.1, figure 2).

    The norms obey z and the caption's code, as in `textgan`. The region path draws in the frame of the box at
    a quarter of the size, what lies around it the global path; both are joined at half the size.
    """

    def __init__(self, model: Params, caption: Field, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        widths = doubled(model.generator_width, size)[::-1]
        given = model.z_dim + model.text_width
        self.words = Words(caption, model.text_width)
        self.region = CodedRising(given, widths[:-1])
        self.normed = nn.Sequential(nn.BatchNorm2d(widths[-2]), nn.ReLU())
        self.whole = CodedRising(given + BOX, widths)
        self.frame = Frame(size // 4, size // 2)
        self.joined = nn.Sequential(
            *(nn.Conv2d(widths[-2] + widths[-1], widths[-1], 3, padding=1), rising([widths[-1], channels])),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, caption: Tensor, box: Tensor) -> Tensor:
        return self._image(z, self.words.of_ids(caption), box)

    def of_shares(self, z: Tensor, shares: Tensor, box: Tensor) -> Tensor:
        """The image of a caption, or of a mixture, that is given by the shares of its words [N, V + 1]."""
        return self._image(z, self.words(shares), box)

    def _image(self, z: Tensor, code: Tensor, box: Tensor) -> Tensor:
        region = self.frame.placed(self.normed(self.region(torch.cat([z, code], 1))), box)
        return self.joined(torch.cat([region, self.whole(torch.cat([z, code, box], 1))], 1))


class Discriminator(nn.Module):
    """Image [N, C, size, size], shares of words [N, V + 1], box [N, 4] -> logits [N] (section 3.1, figure 2).

    Is it real, of this caption, and in this box? The sum of what the two paths say, which share a layer.
    """

    def __init__(self, model: Params, caption: Field, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        widths = doubled(model.discriminator_width, size)
        self.words = Words(caption, model.text_width)
        self.shared = fine_falling(channels, widths[:1])
        self.frame = Frame(size // 2, size // 2, MARGIN)
        self.region, self.whole = falling(widths), falling(widths)
        self.of_region = Verdict(widths[-1], model.text_width)
        self.of_whole = Verdict(widths[-1], model.text_width + BOX)
        leaky_init(self)

    def features(self, image: Tensor, shares: Tensor, box: Tensor) -> Tensor:
        """Maps [N, C', size / 2, size / 2] of images alone."""
        return self.shared(image)

    def logits(self, features: Tensor, shares: Tensor, box: Tensor) -> Tensor:
        """Of what `features` gave, under captions and boxes."""
        code = self.words(shares)
        of_region = self.of_region(self.region(self.frame.cut(features, box)), code)
        return of_region + self.of_whole(self.whole(features), torch.cat([code, box], 1))

    def forward(self, image: Tensor, shares: Tensor, box: Tensor) -> Tensor:
        return self.logits(self.features(image, shares, box), shares, box)


class Model(System):
    """The system `gawwn`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = self.model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.caption, self.box = (
            replace(data[name], about=data[name].about | {"of": name}) for name in ("captions", "boxes")
        )
        self.latent = fields.latent(model.z_dim, model.latent)
        self.generator = Generator(model, self.caption, self.image)
        self.caption_discriminator = Discriminator(model, self.caption, self.image)
        self.contrary = Contrary(self.caption)
        self.game = MismatchedGame(params, model.mismatched, self.wrong)
        self.statistics = self.game.statistics

    def players(self) -> dict[str, nn.Module]:
        return {GENERATOR: self.generator, "caption_discriminator": self.caption_discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        inputs = {"z": self.latent, "caption": self.caption, "box": self.box}
        return {GENERATOR: Export(shipped[GENERATOR], inputs, {"image": self.image})}

    def wrong(self, words: Tensor, box: Tensor) -> tuple[Tensor, Tensor]:
        """A wrong caption for the first half of the batch, another box for the second."""
        half = len(words) // 2
        return torch.cat([self.contrary(words[:half]), words[half:]]), torch.cat(
            [box[:half], others(box)[half:]]
        )

    def step(self, turns: list[Turn]) -> Moves:
        """Algorithm 1 of GAN-CLS under captions and boxes; with its eq. (5) for a share of G's captions."""
        (turn,) = turns
        words, box = self.generator.words.shares(turn.batch["captions"]), turn.batch["boxes"]
        real, z = (turn.batch["images"], words, box), turn.draw(self.latent)
        fake = self.generator.of_shares(z, words, box), words, box
        yield "caption_discriminator", self.game.critic(self.caption_discriminator, real, fake, turn)
        if self.model.interpolated:
            asked = interpolated(words, self.model.interpolated)
            fake = self.generator.of_shares(z, asked, box), asked, box
        yield GENERATOR, self.game.maker(self.caption_discriminator, real, fake, turn)
