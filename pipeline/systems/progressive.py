"""Progressive growing (Karras et al. 2018): networks of 4x4 pixels, to which level after level is added.

Each level doubles the size. It is faded in, and the real images fade with it; then it is trained as it is.
How far a run has grown follows from its progress alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import pydantic
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Fields
from pipeline.game import Game, Losses
from pipeline.networks.doubling import Doubling
from pipeline.networks.equalised import DoublingConv, EqualisedConv, HalvingConv, plain
from pipeline.networks.pixel_norm import PixelNorm
from pipeline.penalties import Critic, Sample
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn

SMALLEST = 4  # pixels a side, of the first level
Growth = tuple[int, float]  # the last level that is open (0: the first), and the share to which it counts


class Params(p.LatentParams):
    """z_dim 512, and 512 maps at every level up to 32 pixels, in the published form."""

    latent: Literal["normal"]  # of which the norm leaves the direction
    width: p.Count  # maps at full size; doubled with each halving
    growing: p.Share  # the share of the run in which levels are added; 0: all are open from the start
    drift: Annotated[float, pydantic.Field(ge=0)]  # weight of the critic's squared verdict on real images

    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (8, 16, 32, 64, 128)
    conditional: ClassVar = False


def _normed(layer: nn.Module, maps: int) -> list[nn.Module]:
    return [layer, nn.LeakyReLU(0.2), PixelNorm(maps)]


class Generator(nn.Module):
    """z [N, z_dim] -> image [N, C, 4 << level, 4 << level] of the last level that is open."""

    def __init__(self, z_dim: int, maps: list[int], channels: int) -> None:
        """`maps` of each level, the smallest first."""
        super().__init__()
        self.z_dim, first = z_dim, maps[0]
        side = (first, SMALLEST, SMALLEST)
        blocks = [
            nn.Sequential(
                *(PixelNorm(z_dim), EqualisedConv(z_dim, first * SMALLEST**2, 1)),
                *(nn.Flatten(), nn.Unflatten(1, side), nn.LeakyReLU(0.2), PixelNorm(first)),
                *_normed(EqualisedConv(first, first, 3), first),
            )
        ]
        for below, here in pairwise(maps):
            doubled = _normed(DoublingConv(below, here), here)
            blocks.append(nn.Sequential(*doubled, *_normed(EqualisedConv(here, here, 3), here)))
        self.blocks = nn.ModuleList(blocks)
        self.to_image = nn.ModuleList(EqualisedConv(here, channels, 1, gain=1) for here in maps)
        self.doubling = Doubling(channels)

    def forward(self, z: Tensor, level: int, alpha: float = 1.0) -> Tensor:
        x, below = z.reshape(-1, self.z_dim, 1, 1), z
        for block in self.blocks[: level + 1]:
            x, below = block(x), x
        image = self.to_image[level](x)
        if alpha == 1:
            return image
        return torch.lerp(self.doubling(self.to_image[level - 1](below)), image, alpha)


class Deviation(nn.Module):
    """x [N, C, H, W] with one more map, throughout the batch's mean deviation (section 3)."""

    def forward(self, x: Tensor) -> Tensor:
        # 1e-8: the deviation has no derivative at zero
        deviation = (x.float().var(0, unbiased=False) + 1e-8).sqrt().mean().to(x.dtype)
        return torch.cat([x, deviation.expand(len(x), 1, *x.shape[2:])], 1)


class Discriminator(nn.Module):
    """Image [N, C, 4 << level, 4 << level] -> logits [N]; the label is not used."""

    def __init__(self, maps: list[int], channels: int) -> None:
        """`maps` of each level, the smallest first."""
        super().__init__()
        first = maps[0]
        blocks = [
            nn.Sequential(
                *(Deviation(), EqualisedConv(first + 1, first, 3), nn.LeakyReLU(0.2)),
                *(EqualisedConv(first, first, SMALLEST), nn.LeakyReLU(0.2)),
                *(EqualisedConv(first, 1, 1, gain=1), nn.Flatten(0)),
            )
        ]
        for below, here in pairwise(maps):
            same = [EqualisedConv(here, here, 3), nn.LeakyReLU(0.2)]
            blocks.append(nn.Sequential(*same, HalvingConv(here, below), nn.LeakyReLU(0.2)))
        self.blocks = nn.ModuleList(blocks)
        self.from_image = nn.ModuleList(
            nn.Sequential(EqualisedConv(channels, here, 1), nn.LeakyReLU(0.2)) for here in maps
        )

    def forward(
        self, x: Tensor, labels: Tensor | None = None, level: int | None = None, alpha: float = 1.0
    ) -> Tensor:
        level = len(self.blocks) - 1 if level is None else level
        seen = self.from_image[level](x)
        if alpha < 1:
            below = self.from_image[level - 1](avg_pool2d(x, 2))
            seen, level = torch.lerp(below, self.blocks[level](seen), alpha), level - 1
        for number in reversed(range(level + 1)):
            seen = self.blocks[number](seen)
        return seen


class Shown(nn.Module):
    """z [N, z_dim] -> image [N, C, size, size] in [-1, 1]: what is open of a generator, at full size."""

    def __init__(self, generator: Generator, grown: Growth) -> None:
        super().__init__()
        self.generator, self.grown = generator, grown

    def forward(self, z: Tensor) -> Tensor:
        image = self.generator(z, *self.grown)
        for _ in self.generator.blocks[self.grown[0] + 1 :]:
            image = self.generator.doubling(image)
        return image.clamp(-1, 1)


class DriftGame(Game):
    """As `Game`; a verdict on real images costs its square, for nothing else holds it (appendix A.1)."""

    def __init__(self, params: p.Params[Params]) -> None:
        super().__init__(params)
        self.drift = params.model.drift

    def critic_losses(self, critic: Critic, real: Sample, fake: Sample) -> Losses:
        paid = super().critic_losses(critic, real, fake)
        return paid._replace(loss=paid.loss + self.drift * paid.real_logits.square().mean())


class Model(System):
    """The system `progressive`.

    The penalty is of the published form: it also looks through the batch's deviation.
    """

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model, size = params.model, params.data.size
        self.image = replace(data["images"], about=OF_IMAGES)
        self.latent = fields.latent(model.z_dim, model.latent)
        self.last, channels = (size // SMALLEST).bit_length() - 1, self.image.shape[0]
        maps = [model.width << self.last - level for level in range(self.last + 1)]
        self.generator = Generator(model.z_dim, maps, channels)
        self.discriminator = Discriminator(maps, channels)
        self.game, self.growing = DriftGame(params), model.growing
        self.grown: Growth = self.last, 1.0  # of the last step; what ships is all
        self.certain = self.game.objective.scale
        self.statistics = (*self.game.statistics, "levels")

    def players(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        """All levels, or within a run, for its pictures, those that are open."""
        network = Shown(plain(shipped[GENERATOR]), self.grown)
        return {GENERATOR: Export(network, {"z": self.latent}, {"image": self.image})}

    def growth(self, step: int, steps: int) -> Growth:
        """How far the networks have grown at a step (figure 2).

        Fading a level in and training it take as long as each other, but for the last, which stays.
        """
        share = step / steps
        if share >= self.growing:
            return self.last, 1.0
        phases = share / self.growing * 2 * self.last  # the first level, then for each other two
        number = int(phases)
        return (number + 1) // 2, phases - number if number % 2 else 1.0

    def step(self, turns: list[Turn]) -> Moves:
        """A move of each at the level that is open; when one opens the optimisers forget (appendix A.1)."""
        (turn,) = turns
        level, alpha = self.grown = self.growth(turn.step, turn.steps)
        if turn.step and level > self.growth(turn.step - 1, turn.steps)[0]:
            for optimiser in turn.optimisers.values():
                optimiser.state.clear()
        real = self.faded(turn.batch["images"], self.grown), turn.batch["labels"]
        fake = self.generator(turn.draw(self.latent), level, alpha), turn.batch["labels"]
        turn.note(levels=fake[0].new_full((), level + alpha))
        critic = partial(self.discriminator, level=level, alpha=alpha)
        yield "discriminator", self.game.critic(critic, real, fake, turn)
        yield "generator", self.game.maker(critic, real, fake, turn)

    def faded(self, images: Tensor, grown: Growth) -> Tensor:
        """Real images [N, C, size, size] at the size of a level, as sharp as its share of the fakes is."""
        level, alpha = grown
        for _ in range(self.last - level):
            images = avg_pool2d(images, 2)
        if alpha == 1:
            return images
        coarser = self.generator.doubling(avg_pool2d(images, 2)).to(images.dtype)  # autocast may halve it
        return torch.lerp(coarser, images, alpha)
