"""3D-GAN (Wu et al. 2016): volumes from noise, and a discriminator that rests where it is ahead."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from torch import Tensor, nn

from pipeline import params as p
from pipeline.fields import Fields
from pipeline.game import Game, Losses
from pipeline.networks.volumes import VolumeDiscriminator, VolumeGenerator
from pipeline.penalties import Critic, Sample
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase, FromNoise
from pipeline.systems.base import GENERATOR, OF_VOLUMES, Export, Moves
from pipeline.turn import Turn


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


class Discriminator(DiscriminatorBase):
    """Volume [N, 1, size, size, size] -> logits [N]; the label is not used."""

    def __init__(self, width: int, size: int, norm: str) -> None:
        super().__init__()
        network = VolumeDiscriminator(width, size, norm)
        self.layers, self.last = network.layers, network.last


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
        generator = VolumeGenerator(model.z_dim, model.width, size)
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
