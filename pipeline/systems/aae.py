"""The adversarial autoencoder (Makhzani et al. 2016): codes made to look like draws from a prior.

A code is a style z, from N(0, 1), and one of some categories: clusters that it finds (section 5), or, where
some images have labels, the classes (section 4).
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding, one_hot

from pipeline import fields
from pipeline import params as p
from pipeline.data.labelled import check_labels, labelled_table
from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.fields import Field, Fields
from pipeline.game import Game
from pipeline.systems.base import GENERATOR, OF_IMAGES, Drawn, Export, Moves, System
from pipeline.turn import Turn


class Params(p.LatentParams):
    """Two hidden layers in each network."""

    latent: Literal["normal"]  # the prior of z: N(0, 1)
    categories: p.Count
    labels: p.Count | None  # how many training images have one; null: none
    hidden: p.Count

    uses: ClassVar = frozenset({"objective"})
    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("autoencoder", "discriminators", "encoder")


class Encoder(nn.Module):
    """Image [N, C, size, size] -> z [N, z_dim], and probabilities of the categories [N, K].

    Batch norm of the categories' logits is to keep all of them in use.
    """

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            *_normalised(math.prod(image.shape), model.hidden),
            nn.ReLU(),
            *_normalised(model.hidden, model.hidden),
            nn.ReLU(),
        )
        self.style = nn.Sequential(*_normalised(model.hidden, model.z_dim))
        self.category = nn.Sequential(*_normalised(model.hidden, model.categories))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self._features(x)
        return self.style(features), self.category(features).softmax(1)

    def logits(self, x: Tensor) -> Tensor:
        """Of the categories: [N, K]."""
        return self.category(self._features(x))

    def _features(self, x: Tensor) -> Tensor:
        return self.layers(0.5 * x + 0.5)  # black is 0


class Decoder(nn.Module):
    """z [N, z_dim], category int64 [N] -> image [N, C, size, size] in [-1, 1]."""

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        self.shape = image.shape
        self.style = nn.Linear(model.z_dim, model.hidden)
        self.category = nn.Linear(model.categories, model.hidden, bias=False)
        self.layers = nn.Sequential(
            nn.BatchNorm1d(model.hidden),
            nn.ReLU(),
            *_normalised(model.hidden, model.hidden),
            nn.ReLU(),
            nn.Linear(model.hidden, math.prod(image.shape)),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, category: Tensor) -> Tensor:
        return self._image(z, embedding(category, self.category.weight.T))

    def of_probabilities(self, z: Tensor, probabilities: Tensor) -> Tensor:
        """The image of a category that is not decided yet: probabilities [N, K] in a one-hot's place."""
        return self._image(z, self.category(probabilities))

    def _image(self, z: Tensor, of_category: Tensor) -> Tensor:
        return self.layers(self.style(z) + of_category).reshape(-1, *self.shape)


class Discriminator(nn.Module):
    """Code [N, n] -> logits [N]: is it a draw from the prior?"""

    def __init__(self, numbers: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(numbers, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, code: Tensor) -> Tensor:
        return self.layers(code).reshape(-1)


class Model(System):
    """The system `aae`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.latent = fields.latent(model.z_dim, model.latent)
        self.category = fields.category(model.categories)
        self.categories = model.categories
        self.encoder, self.decoder = Encoder(model, self.image), Decoder(model, self.image)
        self.judge_z = Discriminator(model.z_dim, model.hidden)
        self.judge_y = Discriminator(model.categories, model.hidden)
        self.game_z, self.game_y = Game(params, name="z"), Game(params, name="y")
        self.statistics = ("reconstruction_loss", *self.game_z.statistics, *self.game_y.statistics)
        self.labelled, self.seed = model.labels, params.seed
        if self.labelled is not None:
            self.statistics += ("labelled_loss",)
            classes = data["labels"].about["classes"] if "labels" in data else []
            check_labels(self.labelled, classes, model.kind)
            if len(classes) != self.categories:
                raise UserError(
                    f"model.categories: {self.categories}; with labels it is one a class: {len(classes)}"
                )

    def tables(self, data: Prepared) -> list[Drawn]:
        """All images, and the few that have labels."""
        (every, rows), *_ = super().tables(data)
        few = [] if self.labelled is None else [labelled_table(data, rows, self.labelled, self.seed)]
        return [(every, rows), *few]

    def players(self) -> dict[str, nn.Module]:
        return {
            "autoencoder": nn.ModuleList([self.encoder, self.decoder]),
            "discriminators": nn.ModuleList([self.judge_z, self.judge_y]),
            "encoder": self.encoder,  # once more, with an optimiser of its own: the generator of codes
        }

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.decoder, "encoder": self.encoder})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        inputs = {"z": self.latent, "category": self.category}
        names = [str(category) for category in range(self.categories)]
        codes = {
            "z": replace(self.latent, about=self.latent.about | {"of": "z"}),
            "category": fields.probabilities("category", names),
        }
        return {
            GENERATOR: Export(shipped[GENERATOR], inputs, {"image": self.image}),
            "encoder": Export(shipped["encoder"], {"image": self.image}, codes),
        }

    def step(self, turns: list[Turn]) -> Moves:
        """The reconstruction phase, then the regularisation phase, on one batch, and what labels say."""
        (turn,) = turns
        x = turn.batch["images"]
        drawn = self.decoder.of_probabilities(*self.encoder(x)).float()
        # half the squared distance, with black 0 and white 1
        reconstruction = ((drawn - x) / 2).square().flatten(1).sum(1).mean() / 2
        turn.note(reconstruction_loss=reconstruction)
        yield "autoencoder", reconstruction
        z, probabilities = self.encoder(x)
        category = turn.draw(self.category, "category")
        drawn_z, drawn_y = turn.draw(self.latent), one_hot(category, self.categories).float()
        of_z, of_y = ((drawn_z,), (z,), turn), ((drawn_y,), (probabilities,), turn)
        paid = self.game_z.critic(self.judge_z, *of_z) + self.game_y.critic(self.judge_y, *of_y)
        yield "discriminators", paid
        self.game_z.clip(self.judge_z)
        self.game_y.clip(self.judge_y)
        fooled = self.game_z.maker(self.judge_z, *of_z) + self.game_y.maker(self.judge_y, *of_y)
        yield "encoder", fooled + self._labelled_loss(turn)

    def _labelled_loss(self, turn: Turn) -> Tensor | float:
        """Cross-entropy of the categories of images with labels; 0 where there are none."""
        if self.labelled is None:
            return 0.0
        loss = cross_entropy(self.encoder.logits(turn.batch["labelled"]).float(), turn.batch["classes"])
        turn.note(labelled_loss=loss)
        return loss


def _normalised(inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    """A linear layer, and batch norm of what it gives."""
    return nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs)
