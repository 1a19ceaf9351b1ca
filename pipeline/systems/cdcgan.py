"""The flagship: a class-conditional DCGAN, modulated by class and z, with a projection discriminator."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from pipeline import params as p
from pipeline.fields import Fields, class_count
from pipeline.mismatched import MismatchedGame
from pipeline.networks.initialisation import projection_init
from pipeline.networks.modulated import ModulatedGenerator
from pipeline.networks.widths import doubled
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase


class Params(p.LatentParams):
    """`generator_width`, `discriminator_width`: maps at half the image's size; doubled with each halving.

    `mismatched` is the share of the discriminator's fakes that are real images under a wrong label.
    """

    generator_width: p.Count
    discriminator_width: p.Count
    mismatched: p.Share

    sizes: ClassVar = (16, 32, 64)
    conditional: ClassVar = True


class Discriminator(DiscriminatorBase):
    """Image [N, C, size, size], labels [N] -> logits [N] (Miyato and Koyama 2018, eq. (3)).

    The logit is psi(features) + <embedding of the label, features>.
    """

    def __init__(self, classes: int, width: int, channels: int, size: int) -> None:
        super().__init__()
        widths = doubled(width, size)
        layers: list[nn.Module] = []
        for inputs, outputs in zip([channels, *widths], widths, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.linear = nn.Linear(widths[-1] * 16, 1)
        self.embedding = nn.Embedding(classes, widths[-1] * 16)
        projection_init(self.layers, self.linear, self.embedding)

    def head(self, features: Tensor, labels: Tensor) -> Tensor:
        return self.linear(features).squeeze(1) + (self.embedding(labels) * features).sum(1)


class Model(Adversarial):
    """The system `cdcgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, size = params.model, params.data.size
        channels, classes = data["images"].shape[0], class_count(data["labels"])

        def wrong(labels: Tensor) -> tuple[Tensor]:
            # the loop seeds torch's own generator at every step, as for dropout
            return ((labels + torch.randint_like(labels, 1, classes)) % classes,)

        super().__init__(
            params,
            data,
            ModulatedGenerator(model.z_dim, classes, model.generator_width, channels, size),
            Discriminator(classes, model.discriminator_width, channels, size),
            MismatchedGame(params, model.mismatched, wrong),
        )
