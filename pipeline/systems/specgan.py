"""SpecGAN (Donahue et al. 2019), told the class: DCGAN on spectrograms, from which sounds are made.

The generator's batch norms obey the class, and the discriminator is asked whether a spectrogram is a real one
of its class. The published one has neither batch norm nor classes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from pipeline import params as p
from pipeline.errors import UserError
from pipeline.fields import Fields, class_count
from pipeline.networks.initialisation import projection_init
from pipeline.networks.modulated import ModulatedGenerator
from pipeline.networks.widths import doubled
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase, FromNoise
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export


class Params(p.LatentParams):
    """`generator_width`: maps at all the bands; doubled with each halving.

    `discriminator_width`: at half of them, likewise.
    """

    generator_width: p.Count
    discriminator_width: p.Count

    needs: ClassVar = {"images": "mel", "labels": "label"}
    sizes: ClassVar = (32, 64)
    conditional: ClassVar = True


class Generator(ModulatedGenerator):
    """z [N, z_dim], labels [N] -> mel [N, 1, size, size]."""

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        return torch.tanh(super().forward(z, classes))


class Discriminator(DiscriminatorBase):
    """Mel [N, 1, size, size], labels [N] -> logits [N].

    5x5 convolutions (Donahue et al. 2019, table 4), a projection (Miyato and Koyama 2018, eq. (3)).
    """

    def __init__(self, classes: int, width: int, size: int) -> None:
        super().__init__()
        widths = doubled(width, size)
        layers: list[nn.Module] = []
        for inputs, outputs in zip([1, *widths], widths, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 5, 2, 2), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.linear = nn.Linear(widths[-1] * 16, 1)
        self.embedding = nn.Embedding(classes, widths[-1] * 16)
        projection_init(self.layers, self.linear, self.embedding)

    def head(self, features: Tensor, labels: Tensor) -> Tensor:
        return self.linear(features).squeeze(1) + (self.embedding(labels) * features).sum(1)


class Model(Adversarial):
    """The system `specgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, size, classes = params.model, params.data.size, class_count(data["labels"])
        if params.stabilisers.augmentation:
            raise UserError("stabilisers.augmentation: is for pictures; specgan makes sounds: set it to []")
        generator = Generator(model.z_dim, classes, model.generator_width, 1, size)
        super().__init__(params, data, generator, Discriminator(classes, model.discriminator_width, size))

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        mel, label = self.data["images"], self.data["labels"]
        inputs = {"z": self.latent, "label": replace(label, about=label.about | {"of": "labels"})}
        outputs = {"mel": replace(mel, about=mel.about | OF_IMAGES)}
        return {GENERATOR: Export(FromNoise(shipped[GENERATOR]), inputs, outputs)}
