"""The flagship: a class-conditional DCGAN, modulated by class and z, with a projection discriminator."""

from typing import Annotated, ClassVar

import pydantic
import torch
from torch import Tensor, nn

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields, class_count
from pipeline.mismatched import MismatchedGame
from pipeline.networks.modulated import ModulatedGenerator
from pipeline.networks.output import Enlarge, Within
from pipeline.networks.strided import fine_falling
from pipeline.networks.widths import doubled
from pipeline.precision import full_precision
from pipeline.systems.adversarial import Adversarial, ProjectionDiscriminator
from pipeline.systems.base import GENERATOR, Export


class Params(p.LatentParams):
    """`generator_width`: maps at the native size; doubled with each halving.

    `discriminator_width`: maps at half the image's size; half as many at the whole, doubled from there on.
    `native_size`: pixels a side of the pictures before they were enlarged to `data.size`: what the generator
    draws, and enlarges alike; null, or not below `data.size`: as they are.
    `mismatched` is the share of the discriminator's fakes that are real images under a wrong label.
    """

    generator_width: p.Count
    discriminator_width: p.Count
    native_size: Annotated[int, pydantic.Field(ge=8)] | None
    mismatched: p.Share

    sizes: ClassVar = (16, 32, 64)
    conditional: ClassVar = True


class Generator(nn.Module):
    """z [N, z_dim], labels [N] or weights of the classes [N, K] -> image [N, C, size, size]."""

    def __init__(self, model: Params, classes: int, image: Field) -> None:
        super().__init__()
        channels, size, _ = image.shape
        native = min(model.native_size or size, size)
        self.maps = ModulatedGenerator(model.z_dim, classes, model.generator_width, channels, native)
        self.within = Within(*image.about["limits"])
        self.enlarge = nn.Identity() if native == size else Enlarge(native, size)

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        drawn = self.maps(z, classes)
        with full_precision(drawn.device):  # bfloat16 is too coarse for grey levels
            return self.enlarge(self.within(drawn))


class Discriminator(ProjectionDiscriminator):
    """Image [N, C, size, size], labels [N] -> logits [N]."""

    def __init__(self, classes: int, width: int, channels: int, size: int) -> None:
        widths = doubled(width, size)
        layers = fine_falling(channels, widths)
        super().__init__(nn.Sequential(*layers, nn.Flatten()), widths[-1] * 16, classes)


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
            Generator(model, classes, data["images"]),
            Discriminator(classes, model.discriminator_width, channels, size),
            MismatchedGame(params, model.mismatched, wrong),
        )

    def exports(self, shipped: nn.ModuleDict) -> dict[str, Export]:
        """The generator, and the same of weights of the classes in place of a label."""
        exports = super().exports(shipped)
        weights = fields.probabilities("labels", self.data["labels"].about["classes"])
        inputs = {"z": self.latent, "weights": weights}
        mixture = Export(shipped[GENERATOR], inputs, exports[GENERATOR].outputs)
        return exports | {"mixture": mixture}
