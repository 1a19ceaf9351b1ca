"""LAPGAN (Denton et al. 2015): a small image, and for each doubling of its size the details that are missing.

Each level is a game of its own, and learns from real images alone; what ships is all levels, one after the
other. An image is halved by the means of 2x2 pixels, in place of Burt and Adelson's smoother filters.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

import pydantic
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from pipeline import fields
from pipeline import params as p
from pipeline.errors import UserError
from pipeline.fields import Fields
from pipeline.game import Game
from pipeline.networks.doubling import Doubling
from pipeline.networks.initialisation import keras_init
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn

COARSEST = 4  # pixels a side at least


class Params(p.LatentParams):
    """hidden 1200 and 600, width 64, dropout 0.5 in the published form."""

    levels: Annotated[int, pydantic.Field(ge=1, le=5)]  # sizes, each twice the one before; 1: a plain GAN
    hidden: p.Count  # the two hidden layers of the coarsest generator; half as many in its discriminator
    width: p.Count  # maps of the convolutions of every other level
    dropout: p.Share  # in the discriminators
    finer_every: p.Count  # steps: all levels but the coarsest, which learns at each, learn at one of so many

    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (8, 16, 32, 64)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return tuple(name for level in range(1, self.levels + 1) for name in _players_of(level))


def _players_of(level: int) -> tuple[str, str]:
    """Those of one level; the first is the coarsest."""
    return f"generator_{level}", f"discriminator_{level}"


class Coarsest(nn.Module):
    """z [N, z_dim] -> image [N, C, size, size] in [-1, 1]."""

    def __init__(self, z_dim: int, hidden: int, channels: int, size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Linear(z_dim, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()),
            *(nn.Linear(hidden, channels * size**2), nn.Tanh(), nn.Unflatten(1, (channels, size, size))),
        )
        keras_init(self)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z)


class Refiner(nn.Module):
    """A plane of noise [N, 1, H, W] and a coarse image [N, C, H, W] -> details [N, C, H, W] to be added."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(1 + channels, width, 7, padding=3), nn.ReLU()),
            *(nn.Conv2d(width, width, 7, padding=3), nn.ReLU()),
            nn.Conv2d(width, channels, 5, padding=2),
        )
        keras_init(self)

    def forward(self, noise: Tensor, coarse: Tensor) -> Tensor:
        return self.layers(torch.cat([noise, coarse], 1))


class CoarsestDiscriminator(nn.Sequential):
    """Image [N, C, size, size] -> logits [N]."""

    def __init__(self, hidden: int, dropout: float, channels: int, size: int) -> None:
        super().__init__(
            *(nn.Flatten(), nn.Linear(channels * size**2, hidden), nn.LeakyReLU(0.2), nn.Dropout(dropout)),
            *(nn.Linear(hidden, hidden), nn.LeakyReLU(0.2), nn.Dropout(dropout)),
            *(nn.Linear(hidden, 1), nn.Flatten(0)),
        )
        keras_init(self)


class Discriminator(nn.Sequential):
    """Image [N, C, size, size], details on their coarse image -> logits [N]."""

    def __init__(self, width: int, dropout: float, channels: int, size: int) -> None:
        super().__init__(
            *(nn.Conv2d(channels, width, 5, 2, padding=2), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(width, 2 * width, 5, 2, padding=2), nn.LeakyReLU(0.2), nn.Dropout(dropout)),
            *(nn.Flatten(), nn.Linear(2 * width * (size // 4) ** 2, 1), nn.Flatten(0)),
        )
        keras_init(self)


class Pyramid(nn.Module):
    """z [N, z_dim + planes] -> image [N, C, size, size]: all levels, one after the other (section 2.3).

    The first z_dim numbers of z make the coarsest image, the others a plane of noise for each level above.
    """

    def __init__(self, model: Params, channels: int, size: int) -> None:
        super().__init__()
        self.sizes = [size >> level for level in reversed(range(model.levels))]
        self.z_dim = model.z_dim
        self.coarsest = Coarsest(model.z_dim, model.hidden, channels, self.sizes[0])
        self.refiners = nn.ModuleList(Refiner(channels, model.width) for _ in self.sizes[1:])
        self.doubling = Doubling(channels)

    @property
    def numbers(self) -> int:
        """How long z is."""
        return self.z_dim + sum(size**2 for size in self.sizes[1:])

    def split(self, z: Tensor) -> list[Tensor]:
        """What each level is given of z [N, numbers]: [N, z_dim], then planes [N, 1, H, W]."""
        parts, start = [z[:, : self.z_dim]], self.z_dim
        for size in self.sizes[1:]:
            parts.append(z[:, start : start + size**2].reshape(-1, 1, size, size))
            start += size**2
        return parts

    def at(self, level: int, noise: Tensor, smaller: Tensor | None) -> Tensor:
        """The image of a level (0: the coarsest), of its part of z and the image of the level before."""
        if smaller is None:
            return self.coarsest(noise)
        coarse = self.doubling(smaller)
        return coarse + self.refiners[level - 1](noise, coarse)

    def forward(self, z: Tensor) -> Tensor:
        image = None
        for level, noise in enumerate(self.split(z)):
            image = self.at(level, noise, image).clamp(-1, 1)  # as the real ones are that it learnt from
        return image


class Model(System):
    """The system `lapgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model, size = params.model, params.data.size
        if size >> model.levels - 1 < COARSEST:
            raise UserError(
                f"model.levels: {model.levels} leave nothing of an image of {size} pixels; at most "
                f"{(size // COARSEST).bit_length()}"
            )
        self.image = replace(data["images"], about=OF_IMAGES)
        channels = self.image.shape[0]
        self.generator = Pyramid(model, channels, size)
        first, *others = self.generator.sizes
        self.discriminators = nn.ModuleList(
            [CoarsestDiscriminator((model.hidden + 1) // 2, model.dropout, channels, first)]
        )
        self.discriminators.extend(
            Discriminator(model.width, model.dropout, channels, each) for each in others
        )
        self.games = [Game(params, name=f"level_{level}") for level in range(1, model.levels + 1)]
        self.latent = fields.latent(self.generator.numbers, model.latent)
        self.finer_every = model.finer_every
        self.statistics = tuple(name for game in self.games for name in game.statistics)

    def players(self) -> dict[str, nn.Module]:
        makers = [self.generator.coarsest, *self.generator.refiners]
        players: dict[str, nn.Module] = {}
        for level, pair in enumerate(zip(makers, self.discriminators, strict=True), 1):
            players |= zip(_players_of(level), pair, strict=True)
        return players

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        return {GENERATOR: Export(shipped[GENERATOR], {"z": self.latent}, {"image": self.image})}

    def step(self, turns: list[Turn]) -> Moves:
        """Section 2.3: at each level D judges details on their coarse image, never details alone.

        The coarsest level has the most to learn, and costs the least: it moves at every step.
        """
        (turn,) = turns
        moving = 1 if turn.step % self.finer_every else len(self.games)
        for level in range(moving):
            yield from self._moves(level, turn)

    def _moves(self, level: int, turn: Turn) -> Moves:
        """Those of one level, on real images alone: none hangs on what another level makes."""
        noise = self.generator.split(turn.draw(self.latent))[level]
        reals = self.halvings(turn.batch["images"])
        real, fake = reals[level], self.generator.at(level, noise, reals[level - 1] if level else None)
        game, discriminator = self.games[level], self.discriminators[level]
        of_generator, of_discriminator = _players_of(level + 1)
        yield of_discriminator, game.critic(discriminator, (real,), (fake,), turn)
        yield of_generator, game.maker(discriminator, (real,), (fake,), turn)

    def halvings(self, images: Tensor) -> list[Tensor]:
        """Images [N, C, size, size] at the size of each level, the coarsest first."""
        reals = [images]
        while len(reals) < len(self.discriminators):
            reals.append(avg_pool2d(reals[-1], 2))
        return reals[::-1]
