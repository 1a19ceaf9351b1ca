"""SpecGAN (Donahue et al. 2019), told the class: DCGAN on spectrograms, from which sounds are made.

The generator's batch norms obey the class, and the discriminator is asked whether a spectrogram is a real one
of its class. The published one has neither batch norm nor classes.
"""

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from pipeline import params as p
from pipeline.fields import Fields, class_count
from pipeline.networks.modulated import ModulatedGenerator
from pipeline.networks.widths import doubled
from pipeline.systems.adversarial import Adversarial, ProjectionDiscriminator
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


class Discriminator(ProjectionDiscriminator):
    """Mel [N, 1, size, size], labels [N] -> logits [N]; 5x5 convolutions (Donahue et al. 2019, table 4)."""

    def __init__(self, classes: int, width: int, size: int) -> None:
        widths = doubled(width, size)
        layers: list[nn.Module] = []
        for inputs, outputs in zip([1, *widths], widths, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 5, 2, 2), nn.LeakyReLU(0.2)]
        super().__init__(nn.Sequential(*layers, nn.Flatten()), widths[-1] * 16, classes)


class Model(Adversarial):
    """The system `specgan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, size, classes = params.model, params.data.size, class_count(data["labels"])
        generator = Generator(model.z_dim, classes, model.generator_width, 1, size)
        super().__init__(params, data, generator, Discriminator(classes, model.discriminator_width, size))

    def exports(self, shipped: nn.ModuleDict) -> dict[str, Export]:
        mel = self.data["images"]
        outputs = {"mel": replace(mel, about=mel.about | OF_IMAGES)}
        return {GENERATOR: super().exports(shipped)[GENERATOR]._replace(outputs=outputs)}
