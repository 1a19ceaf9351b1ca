"""SRGAN (Ledig et al. 2017): a picture at four times its size, sharp where squared error leaves it soft.

First the pixels alone count. Then the features do that a network sees, and what a discriminator lets pass.
The published features are those of VGG19, which learnt the classes of other pictures. Here a small network of
that form learns quarter turns of the training images (Gidaris et al. 2018) while the pixels count, and then
stays as it is: it needs neither labels nor weights from elsewhere, and is none of the judges that score.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

import pydantic
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from pipeline import params as p
from pipeline.errors import UserError
from pipeline.fields import Fields
from pipeline.game import Game
from pipeline.networks.residual import BatchNormBlock
from pipeline.systems.adversarial import DiscriminatorBase
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn

DOUBLINGS = 2
LARGER = 2**DOUBLINGS  # times, a side


class Params(p.ModelParams):
    """width 64, 16 blocks, discriminator 64, adversarial 1e-3 in the published form at 96 pixels."""

    width: p.Count
    blocks: p.Count
    discriminator_width: p.Count
    loss_width: p.Count  # of the network whose features are compared
    pixel_phase: Annotated[float, pydantic.Field(gt=0, le=1)]  # the share of the run by squared error alone
    adversarial: p.Positive  # weight of the game, beside the features

    needs: ClassVar = {"images": "image", "source": "image"}
    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (16, 32, 64, 96, 128)
    discriminator_batch_norm: ClassVar = True
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("generator", "discriminator", "loss_network")


class Generator(nn.Module):
    """Image [N, C, H, W] -> image [N, C', 4 H, 4 W] in [-1, 1], of any size (figure 4)."""

    def __init__(self, inputs: int, outputs: int, width: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inputs, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(
            *[BatchNormBlock(width) for _ in range(blocks)],
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        doublings: list[nn.Module] = []
        for _ in range(DOUBLINGS):
            doublings += [nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU()]
        self.last = nn.Sequential(*doublings, nn.Conv2d(width, outputs, 9, padding=4), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        return self.last(first + self.blocks(first))


class Discriminator(DiscriminatorBase):
    """Eight convolutions, every second with a stride, then two linear layers (figure 4)."""

    def __init__(self, channels: int, width: int, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(0.2)]
        maps = width
        for level in range(1, 8):
            inputs, maps = maps, width << level // 2
            layers += [nn.Conv2d(inputs, maps, 3, 1 + level % 2, 1, bias=False), nn.BatchNorm2d(maps)]
            layers.append(nn.LeakyReLU(0.2))
        features = maps * (size // 16) ** 2
        layers += [nn.Flatten(), nn.Linear(features, 16 * width), nn.LeakyReLU(0.2)]
        self.layers, self.last = nn.Sequential(*layers), nn.Linear(16 * width, 1)


class LossNetwork(nn.Module):
    """Image [N, C, size, size] -> logits of the quarter turns [N, 4]; three of the stages of VGG19."""

    def __init__(self, channels: int, width: int, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        maps = channels
        for level in range(3):
            inputs, maps = maps, width << level
            layers += [nn.Conv2d(inputs, maps, 3, padding=1), nn.ReLU()]
            layers += [nn.Conv2d(maps, maps, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers[:-2])  # before the activation, and before the last pooling
        self.last = nn.Sequential(*layers[-2:], nn.Flatten(), nn.Linear(maps * (size // 8) ** 2, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.features(x))


class Model(System):
    """The system `srgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = self.model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.source = replace(data["source"], about=OF_IMAGES | {"of": "source"})
        (channels, size, _), (given, given_size, _) = self.image.shape, self.source.shape
        if LARGER * given_size != size:
            raise UserError(
                f"model.kind: srgan makes images {LARGER} times as large, and source has {given_size} "
                f"pixels a side, images {size}; choose small_pairs"
            )
        self.generator = Generator(given, channels, model.width, model.blocks)
        self.discriminator = Discriminator(channels, model.discriminator_width, size)
        self.loss_network = LossNetwork(channels, model.loss_width, size)
        self.game = Game(params)
        self.certain = self.game.objective.scale
        self.statistics = (*self.game.statistics, "pixel_loss", "content_loss", "turn_loss")

    def players(self) -> dict[str, nn.Module]:
        networks = (self.generator, self.discriminator, self.loss_network)
        return dict(zip(self.model.players(), networks, strict=True))

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        return {GENERATOR: Export(shipped[GENERATOR], {"image": self.source}, {"enlarged": self.image})}

    def step(self, turns: list[Turn]) -> Moves:
        """Eq. (4) until the pixel phase is over, then eq. (3)."""
        (turn,) = turns
        image, fake = turn.batch["images"], self.generator(turn.batch["source"]).float()
        if turn.progress < self.model.pixel_phase:
            distance, told = mse_loss(fake, image), self._turn_loss(image)
            turn.note(pixel_loss=distance, turn_loss=told)
            yield GENERATOR, distance
            yield "loss_network", told
            return
        real, made = (image, turn.batch["labels"]), (fake, turn.batch["labels"])
        yield "discriminator", self.game.critic(self.discriminator, real, made, turn)
        fooled = self.game.maker(self.discriminator, real, made, turn)
        content = self._content_loss(image, fake)
        turn.note(pixel_loss=mse_loss(fake, image), content_loss=content)
        yield GENERATOR, content + self.model.adversarial * fooled

    def _turn_loss(self, image: Tensor) -> Tensor:
        """Cross-entropy of the quarter turns of images [N, C, H, W], as many of each."""
        turned = [image[turns::4].rot90(turns, (2, 3)) for turns in range(4)]
        targets = [torch.full((len(each),), turns) for turns, each in enumerate(turned)]
        logits = self.loss_network(torch.cat(turned)).float()
        return cross_entropy(logits, torch.cat(targets).to(logits.device))

    def _content_loss(self, image: Tensor, fake: Tensor) -> Tensor:
        """Eq. (5), with the variance of the features for a unit: how large they are hangs on the network."""
        with torch.no_grad():
            wanted = self.loss_network.features(image).float()
        return mse_loss(self.loss_network.features(fake).float(), wanted) / wanted.var()
