"""DeLiGAN (Gurumurthy et al. 2017): noise from a learnt mixture, for images that are few and diverse."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import pydantic
from torch import Tensor, nn

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields
from pipeline.networks.initialisation import dcgan_init
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves
from pipeline.turn import Turn


class Params(p.LatentParams):
    """50 components in the published form."""

    latent: Literal["normal"]  # around the mean of each component
    components: p.Count
    deviation: p.Positive  # of each component at the start
    width: p.Count
    dropout: p.Share
    narrowness: Annotated[float, pydantic.Field(ge=0)]  # weight of what keeps the deviations from shrinking

    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = False
    takes_virtual_batch_norm: ClassVar = False


class Mixture(nn.Module):
    """z [N, z_dim] from N(0, 1), component int64 [N] -> mu + sigma z of that component [N, z_dim]."""

    def __init__(self, components: int, z_dim: int, deviation: float) -> None:
        super().__init__()
        self.mean = nn.Embedding(components, z_dim)
        self.deviation = nn.Embedding(components, z_dim)
        nn.init.uniform_(self.mean.weight, -1, 1)
        nn.init.constant_(self.deviation.weight, deviation)

    def forward(self, z: Tensor, component: Tensor) -> Tensor:
        return self.mean(component) + self.deviation(component) * z


class Generator(nn.Module):
    """z [N, z_dim], component int64 [N] -> image [N, C, size, size] in [-1, 1]."""

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        width, side = model.width, size // 4
        self.start = (2 * width, side, side)
        self.layers = nn.Sequential(
            nn.Linear(model.z_dim, 2 * width * side**2),
            nn.BatchNorm1d(2 * width * side**2),
            nn.ReLU(),
            nn.Unflatten(1, self.start),
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, channels, 4, 2, 1),
            nn.Tanh(),
        )
        dcgan_init(self)
        self.mixture = Mixture(model.components, model.z_dim, model.deviation)  # which starts otherwise

    def forward(self, z: Tensor, component: Tensor) -> Tensor:
        return self.layers(self.mixture(z, component))


class Discriminator(DiscriminatorBase):
    """Image [N, C, size, size] -> logits [N]; the label is not used."""

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        width = model.width
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Dropout(model.dropout),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Dropout(model.dropout),
            nn.Flatten(),
        )
        self.last = nn.Linear(2 * width * (size // 4) ** 2, 1)
        dcgan_init(self)


class Model(Adversarial):
    """The system `deligan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model = params.model
        image = replace(data["images"], about=OF_IMAGES)
        super().__init__(params, data, Generator(model, image), Discriminator(model, image))
        self.image = image
        self.component = fields.category(model.components)
        self.narrowness = model.narrowness
        self.statistics = (*self.game.statistics, "narrowness_loss", "deviation")

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        inputs = {"z": self.latent, "component": self.component}
        return {GENERATOR: Export(shipped[GENERATOR], inputs, {"image": self.image})}

    def step(self, turns: list[Turn]) -> Moves:
        """The game of two on samples of components drawn at random, each as likely; G also pays for sigma."""
        for turn in turns:
            labels = turn.batch["labels"]
            z, component = turn.draw(self.latent), turn.draw(self.component, "component")
            real, fake = (turn.batch["images"], labels), (self.generator(z, component), labels)
            yield "discriminator", self.game.critic(self.discriminator, real, fake, turn)
            self.game.clip(self.discriminator)
        fooled = self.game.maker(self.discriminator, real, fake, turn, turn.optimisers["discriminator"])
        yield "generator", fooled + self.narrowness * self._narrow(turn)

    def _narrow(self, turn: Turn) -> Tensor:
        """The components' mean of |1 - sigma|^2: without it each narrows to one sample."""
        deviation = self.generator.mixture.deviation.weight
        paid = (1 - deviation).square().sum(1).mean()
        turn.note(narrowness_loss=paid, deviation=deviation.abs().mean())
        return paid
