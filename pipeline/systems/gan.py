"""The fully connected GAN (Goodfellow et al. 2014, in the form of the common Keras recipe)."""

from typing import ClassVar

from torch import Tensor, nn

from pipeline import params as p
from pipeline.fields import Fields
from pipeline.networks.initialisation import keras_init
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase


class Params(p.LatentParams):
    """100-256-512-784 against 784-256-100-1 in the published recipe."""

    generator_widths: tuple[p.Count, p.Count]
    discriminator_widths: tuple[p.Count, p.Count]
    dropout: p.Share

    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = False
    takes_virtual_batch_norm: ClassVar = False


class Generator(nn.Module):
    """z [N, z_dim] -> image [N, C, size, size]; the label is not used."""

    def __init__(self, z_dim: int, widths: tuple[int, int], channels: int, size: int) -> None:
        super().__init__()
        self.shape = (channels, size, size)
        self.layers = nn.Sequential(
            nn.Linear(z_dim, widths[0]),
            nn.LeakyReLU(0.3),
            nn.Linear(widths[0], widths[1]),
            nn.LeakyReLU(0.3),
            nn.Linear(widths[1], channels * size * size),
            nn.Tanh(),
        )
        keras_init(self)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return self.layers(z).reshape(-1, *self.shape)


class Discriminator(DiscriminatorBase):
    """Image [N, C, size, size] -> logits [N]; the label is not used."""

    def __init__(self, widths: tuple[int, int], dropout: float, channels: int, size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * size * size, widths[0]),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
            nn.Linear(widths[0], widths[1]),
            nn.LeakyReLU(0.2),
            nn.Dropout(dropout),
        )
        self.last = nn.Linear(widths[1], 1)
        keras_init(self)


class Model(Adversarial):
    """The system `gan`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, size = params.model, params.data.size
        channels = data["images"].shape[0]
        super().__init__(
            params,
            data,
            Generator(model.z_dim, model.generator_widths, channels, size),
            Discriminator(model.discriminator_widths, model.dropout, channels, size),
        )
