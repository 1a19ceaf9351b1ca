"""3D-GAN (Wu et al. 2016): DCGAN's networks with a third axis, from 4^3 voxels up in doublings."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import ClassVar, Literal

from torch import Tensor, nn

from pipeline import params as p
from pipeline.errors import UserError
from pipeline.fields import Fields
from pipeline.game import Game, Losses
from pipeline.networks.initialisation import dcgan_init
from pipeline.networks.widths import doubled
from pipeline.penalties import Critic, Sample
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase, FromNoise
from pipeline.systems.base import GENERATOR, Export, Moves
from pipeline.turn import Turn

OF_VOLUMES = {"of": "images", "range": [0, 1]}  # about a field that stands for the volumes of the data


class Params(p.LatentParams):
    """`width` is the number of maps at half the side, 64 as published; it doubles with each halving."""

    width: p.Count
    skip_above: p.Share  # D rests on a batch of which it tells a larger share right; 0.8 as published

    discriminator_norm: Literal["batch", "none"]  # batch as published

    needs: ClassVar = {"images": "voxels"}
    sizes: ClassVar = (16, 32, 64)
    conditional: ClassVar = False
    takes_virtual_batch_norm: ClassVar = False
    single_process: ClassVar = "each process would skip the discriminator by its own share of the batch"

    @property
    def discriminator_batch_norm(self) -> bool:
        """Whether the discriminator mixes the volumes of a batch."""
        return self.discriminator_norm == "batch"


class Generator(nn.Module):
    """z [N, z_dim] -> how full each voxel is, [N, 1, size, size, size] in [0, 1]; the label is not used."""

    def __init__(self, z_dim: int, width: int, size: int) -> None:
        super().__init__()
        widths = doubled(width, size)[::-1]
        self.start = (widths[0], 4, 4, 4)
        # the published 4x4x4 transposed convolution of a 1x1x1 map is a linear layer
        self.project = nn.Linear(z_dim, widths[0] * 64, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm3d(widths[0]), nn.ReLU()]
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.ConvTranspose3d(inputs, outputs, 4, 2, 1, bias=False),
                nn.BatchNorm3d(outputs),
                nn.ReLU(),
            ]
        layers += [nn.ConvTranspose3d(widths[-1], 1, 4, 2, 1), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)
        dcgan_init(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(self.project(z).reshape(-1, *self.start))


class Discriminator(DiscriminatorBase):
    """Volume [N, 1, size, size, size] -> logits [N]; the label is not used."""

    def __init__(self, width: int, size: int, norm: str) -> None:
        super().__init__()
        widths = doubled(width, size)
        normalise = nn.BatchNorm3d if norm == "batch" else nn.Identity
        layers: list[nn.Module] = [nn.Conv3d(1, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.Conv3d(inputs, outputs, 4, 2, 1, bias=norm == "none"),
                normalise(outputs),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv3d(widths[-1], 1, 4, bias=False)
        dcgan_init(self)


class CountingGame(Game):
    """One that knows what share of the last batch its critic told right."""

    right: Tensor

    def critic_losses(self, critic: Critic, real: Sample, fake: Sample) -> Losses:
        """The critic's loss on samples as it sees them."""
        paid = super().critic_losses(critic, real, fake)
        self.right = ((paid.real_logits > 0).float().mean() + (paid.fake_logits < 0).float().mean()) / 2
        return paid


class Model(Adversarial):
    """The system `gan3d`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, size = params.model, params.data.size
        if params.stabilisers.augmentation:
            raise UserError("stabilisers.augmentation: is for pictures; gan3d makes volumes: set it to []")
        generator = Generator(model.z_dim, model.width, size)
        discriminator = Discriminator(model.width, size, model.discriminator_norm)
        super().__init__(params, data, generator, discriminator, CountingGame(params))
        self.skip_above = model.skip_above
        self.statistics = (*self.statistics, "d_right")

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        voxels = replace(self.data["images"], about=OF_VOLUMES)
        return {GENERATOR: Export(FromNoise(shipped[GENERATOR]), {"z": self.latent}, {"voxels": voxels})}

    def step(self, turns: list[Turn]) -> Moves:
        """As of any game of two, but that D rests where it told more of the batch right (section 3.2).

        The paper goes by the batch before: here it is the one that D would learn from.
        """
        for turn in turns:
            real = turn.batch["images"], turn.batch["labels"]
            fake = self.sample(turn.draw(self.latent), turn.batch["labels"]), turn.batch["labels"]
            paid = self.game.critic(self.discriminator, real, fake, turn)
            turn.note(d_right=self.game.right)
            turn.skip("discriminator", self.game.right > self.skip_above)
            yield "discriminator", paid
            self.game.clip(self.discriminator)
        ahead = turn.optimisers["discriminator"]
        yield "generator", self.game.maker(self.discriminator, real, fake, turn, ahead)
