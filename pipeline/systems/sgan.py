"""The semi-supervised GAN (Salimans et al. 2016, sections 3.1 and 5): a classifier of few labels.

The discriminator says of which class an image is, or that it is generated: one class more, whose logit is 0.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from pipeline import fields
from pipeline import params as p
from pipeline.data.labelled import check_labels, labelled_table
from pipeline.data.prepared import Prepared
from pipeline.fields import Field, Fields
from pipeline.networks.weight_norm import normed_linear, plain, start_from
from pipeline.stabilisers.feature_matching import feature_distance
from pipeline.systems.base import GENERATOR, OF_IMAGES, Drawn, Export, Moves, System
from pipeline.turn import Turn


class Params(p.LatentParams):
    """z 100, 500 and 1000-500-250-250-250 units, noise of deviation 0.3 and 0.5 in the published form."""

    latent: Literal["uniform"]
    labels: p.Count  # how many training images have one
    hidden: p.Count  # of the generator's two layers
    discriminator_widths: tuple[p.Count, ...]
    input_noise: p.Share
    noise: p.Share  # between the layers of the discriminator

    needs: ClassVar = {"images": "image", "labels": "label"}
    uses: ClassVar = frozenset()
    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = False
    adam_epsilon: ClassVar = 1e-4  # the published code adds 1e-8 under the root
    single_process: ClassVar = (
        "the weights start from the first batch, and each process has a share of its own"
    )


class Noise(nn.Module):
    """Adds N(0, deviation) in training."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, x: Tensor) -> Tensor:
        return x + self.deviation * torch.randn_like(x) if self.training else x


class Generator(nn.Module):
    """z [N, z_dim] -> image [N, C, size, size]."""

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        self.shape, hidden = image.shape, model.hidden
        self.layers = nn.Sequential(
            nn.Linear(model.z_dim, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.Softplus(),
            nn.Linear(hidden, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.Softplus(),
            normed_linear(hidden, math.prod(image.shape), learns_gain=True),
        )

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(0.5 * self.layers(z)).reshape(-1, *self.shape)  # 2 sigmoid(logit) - 1


class Classifier(nn.Module):
    """Image [N, C, size, size] -> probabilities of the classes [N, K]."""

    def __init__(self, model: Params, image: Field, classes: int) -> None:
        super().__init__()
        widths = [math.prod(image.shape), *model.discriminator_widths]
        layers: list[nn.Module] = [nn.Flatten(), Noise(model.input_noise)]
        for inputs, outputs in itertools.pairwise(widths):
            layers += [normed_linear(inputs, outputs, learns_gain=False), nn.ReLU(), Noise(model.noise)]
        self.layers = nn.Sequential(*layers[:-1])
        self.last_noise = layers[-1]
        self.last = normed_linear(widths[-1], classes, learns_gain=True)

    def features(self, x: Tensor) -> Tensor:
        """What the generator's images should have the mean of: [N, D]."""
        return self.layers(0.5 * x + 0.5)

    def logits(self, features: Tensor) -> Tensor:
        """[N, K]."""
        return self.last(self.last_noise(features))

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(self.features(x)).softmax(1)


class Model(System):
    """The system `sgan`."""

    statistics = ("labelled_loss", "unlabelled_loss", "matching_loss")

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        self.labelled, self.seed = params.model.labels, params.seed
        self.classes = data["labels"].about["classes"]
        check_labels(self.labelled, self.classes, params.model.kind)
        self.image = replace(data["images"], about=OF_IMAGES)
        self.latent = fields.latent(params.model.z_dim, params.model.latent)
        self.generator = Generator(params.model, self.image)
        self.classifier = Classifier(params.model, self.image, len(self.classes))

    def tables(self, data: Prepared) -> list[Drawn]:
        """All images, the few that have labels, and all once more, for the generator to match."""
        (every, rows), *_ = super().tables(data)
        few = labelled_table(data, rows, self.labelled, self.seed)
        return [(every, rows), few, ({"matched": "images"}, rows)]

    def players(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.classifier}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.generator, "classifier": self.classifier})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        probabilities = fields.probabilities("labels", self.classes)
        generator, classifier = plain(shipped[GENERATOR]), plain(shipped["classifier"])
        return {
            GENERATOR: Export(generator, {"z": self.latent}, {"image": self.image}),
            "classifier": Export(classifier, {"image": self.image}, {"label": probabilities}),
        }

    def step(self, turns: list[Turn]) -> Moves:
        """The discriminator learns classes and what is of none; the generator matches its features."""
        (turn,) = turns
        real = turn.batch["images"]
        fake = self.generator(turn.draw(self.latent))
        if turn.step == 0:
            start_from(self.classifier, lambda: self._logits(real))
        logits = self._logits(turn.batch["labelled"])
        labelled = cross_entropy(logits, turn.batch["classes"])
        unlabelled = self.unlabelled_loss(self._logits(real), self._logits(fake.detach()))
        turn.note(labelled_loss=labelled, unlabelled_loss=unlabelled)
        yield "discriminator", labelled + unlabelled
        features = self.classifier.features(turn.batch["matched"])
        distance = feature_distance(features, self.classifier.features(fake)) / features.shape[1]
        turn.note(matching_loss=distance)
        yield "generator", distance

    def _logits(self, images: Tensor) -> Tensor:
        return self.classifier.logits(self.classifier.features(images)).float()

    @staticmethod
    def unlabelled_loss(real: Tensor, fake: Tensor) -> Tensor:
        """-log of the chance that real images are of a class and generated ones of none, halved: eq. (6).

        real, fake: logits [N, K]; with l of class K + 1 at 0 the chance of a class is Z / (Z + 1), Z the sum
        of the others' exponentials.
        """
        evidence, against = real.logsumexp(1), fake.logsumexp(1)
        return ((softplus(evidence) - evidence).mean() + softplus(against).mean()) / 2
