"""InfoGAN (Chen et al. 2016): codes that the generator obeys, and a network that reads them off images."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields
from pipeline.networks.initialisation import dcgan_init
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves
from pipeline.turn import Turn


class Params(p.LatentParams):
    """z 62, ten categories and two codes in the published form; widths 64 and 128, hidden 1024."""

    categories: p.Count
    codes: p.Count
    width: p.Count
    hidden: p.Count
    information: p.Positive  # the weight lambda of the bound on the mutual information

    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = False
    takes_virtual_batch_norm: ClassVar = False
    discriminator_batch_norm: ClassVar = True

    def players(self) -> tuple[str, ...]:
        return ("generator", "discriminator", "recogniser")


class Generator(nn.Module):
    """z [N, z_dim], category int64 [N], code [N, codes] -> image [N, C, size, size] (appendix C.1)."""

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        self.start = (2 * model.width, size // 4, size // 4)
        features = 2 * model.width * (size // 4) ** 2
        self.noise = nn.Linear(model.z_dim + model.codes, model.hidden)
        self.category = nn.Embedding(model.categories, model.hidden)  # the columns that a one-hot would meet
        self.project = nn.Sequential(
            nn.BatchNorm1d(model.hidden),
            nn.ReLU(),
            nn.Linear(model.hidden, features),
            nn.BatchNorm1d(features),
            nn.ReLU(),
        )
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(2 * model.width, model.width, 4, 2, 1),
            nn.BatchNorm2d(model.width),
            nn.ReLU(),
            nn.ConvTranspose2d(model.width, channels, 4, 2, 1),
            nn.Tanh(),
        )
        dcgan_init(self)

    def forward(self, z: Tensor, category: Tensor, code: Tensor) -> Tensor:
        first = self.noise(torch.cat([z, code], 1)) + self.category(category)
        return self.layers(self.project(first).reshape(-1, *self.start))


class Discriminator(DiscriminatorBase):
    """Image [N, C, size, size] -> logits [N]; its layers are the trunk that the recogniser shares."""

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        self.layers = nn.Sequential(
            nn.Conv2d(channels, model.width, 4, 2, 1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(model.width, 2 * model.width, 4, 2, 1),
            nn.BatchNorm2d(2 * model.width),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
            nn.Linear(2 * model.width * (size // 4) ** 2, model.hidden),
            nn.BatchNorm1d(model.hidden),
            nn.LeakyReLU(0.1),
        )
        self.last = nn.Linear(model.hidden, 1)
        dcgan_init(self)


class Recogniser(nn.Module):
    """Image [N, C, size, size] -> probabilities of the categories [N, K], codes [N, codes]: Q(c|x).

    A code's distribution is normal about what is given, of variance 1.
    """

    WIDTH = 128

    def __init__(self, model: Params, trunk: nn.Module) -> None:
        super().__init__()
        self.hidden = nn.Sequential(
            nn.Linear(model.hidden, self.WIDTH), nn.BatchNorm1d(self.WIDTH), nn.LeakyReLU(0.1)
        )
        self.category = nn.Linear(self.WIDTH, model.categories)
        self.codes = nn.Linear(self.WIDTH, model.codes)  # a layer called `code` can't be exported
        dcgan_init(self)
        self.trunk = trunk

    def logits(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the categories [N, K], and codes [N, codes]."""
        features = self.hidden(self.trunk(x))
        return self.category(features), self.codes(features)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logits, code = self.logits(x)
        return logits.softmax(1), code


class Model(Adversarial):
    """The system `infogan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model = params.model
        image = replace(data["images"], about=OF_IMAGES)
        discriminator = Discriminator(model, image)
        super().__init__(params, data, Generator(model, image), discriminator)
        self.image = image
        self.recogniser = Recogniser(model, discriminator.layers)
        self.category = fields.category(model.categories)
        self.code = Field("code", (model.codes,), {"low": -1, "high": 1})
        self.information = model.information
        self.statistics = (*self.game.statistics, "category_loss", "code_loss")

    def players(self) -> dict[str, nn.Module]:
        return {**super().players(), "recogniser": self.recogniser}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator, "recogniser": self.recogniser})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        inputs = {"z": self.latent, "category": self.category, "code": self.code}
        names = [str(category) for category in range(self.category.about["count"])]
        read = {
            "category": fields.probabilities("category", names),
            "code": replace(self.code, about=self.code.about | {"of": "code"}),
        }
        return {
            GENERATOR: Export(shipped[GENERATOR], inputs, {"image": self.image}),
            "recogniser": Export(shipped["recogniser"], {"image": self.image}, read),
        }

    def step(self, turns: list[Turn]) -> Moves:
        """Algorithm of the GAN, and eq. (5): both sides raise the bound on I(c; G(z, c))."""
        for turn in turns:
            real = turn.batch["images"], turn.batch["labels"]
            category, code = turn.draw(self.category, "category"), turn.draw(self.code, "code")
            image = self.generator(turn.draw(self.latent), category, code)
            fake = image, turn.batch["labels"]
            yield "discriminator", self.game.critic(self.discriminator, real, fake, turn)
            self.game.clip(self.discriminator)
        yield "recogniser", self._surprise(image.detach(), category, code, turn)
        ahead = turn.optimisers["discriminator"]
        fooled = self.game.maker(self.discriminator, real, fake, turn, ahead)
        yield "generator", fooled + self._surprise(image, category, code, turn)

    def _surprise(self, image: Tensor, category: Tensor, code: Tensor, turn: Turn) -> Tensor:
        """lambda E[-log Q(c|x)], but for a constant: eq. (4)."""
        logits, mean = self.recogniser.logits(image)
        of_category = cross_entropy(logits.float(), category)
        of_code = (code - mean.float()).square().sum(1).mean() / 2
        turn.note(category_loss=of_category, code_loss=of_code)
        return self.information * (of_category + of_code)
