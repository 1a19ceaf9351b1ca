"""The small convolutional GAN of the TensorFlow tutorial, with Keras's defaults where it relies on them."""

from typing import ClassVar

from torch import Tensor, nn

from pipeline import params as p
from pipeline.fields import Fields
from pipeline.networks.initialisation import keras_init
from pipeline.systems.adversarial import Adversarial, DiscriminatorBase


class Params(p.LatentParams):
    """width 64 in the published recipe: 256, 128, 64 maps in the generator, 64, 128 in the discriminator."""

    width: p.Count
    dropout: p.Share

    sizes: ClassVar = (28, 32)
    conditional: ClassVar = False


def _up(inputs: int, outputs: int, stride: int) -> nn.ConvTranspose2d:
    """5x5, output `stride` times the input's size."""
    return nn.ConvTranspose2d(inputs, outputs, 5, stride, padding=2, output_padding=stride - 1, bias=False)


class Generator(nn.Module):
    """z [N, z_dim] -> image [N, C, size, size]; the label is not used."""

    def __init__(self, z_dim: int, width: int, channels: int, size: int) -> None:
        super().__init__()
        self.start = (4 * width, size // 4, size // 4)
        features = 4 * width * (size // 4) ** 2
        keras_norm = {"eps": 1e-3, "momentum": 0.01}
        self.project = nn.Sequential(
            nn.Linear(z_dim, features, bias=False), nn.BatchNorm1d(features, **keras_norm), nn.LeakyReLU(0.3)
        )
        self.layers = nn.Sequential(
            _up(4 * width, 2 * width, stride=1),
            nn.BatchNorm2d(2 * width, **keras_norm),
            nn.LeakyReLU(0.3),
            _up(2 * width, width, stride=2),
            nn.BatchNorm2d(width, **keras_norm),
            nn.LeakyReLU(0.3),
            _up(width, channels, stride=2),
            nn.Tanh(),
        )
        keras_init(self)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return self.layers(self.project(z).reshape(-1, *self.start))


class Discriminator(DiscriminatorBase):
    """Image [N, C, size, size] -> logits [N]; the label is not used."""

    def __init__(self, width: int, dropout: float, channels: int, size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 5, 2, padding=2),
            nn.LeakyReLU(0.3),
            nn.Dropout(dropout),
            nn.Conv2d(width, 2 * width, 5, 2, padding=2),
            nn.LeakyReLU(0.3),
            nn.Dropout(dropout),
            nn.Flatten(),
        )
        self.last = nn.Linear(2 * width * (size // 4) ** 2, 1)
        keras_init(self)


class Model(Adversarial):
    """The system `dcgan28`."""

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        model, size = params.model, params.data.size
        channels = data["images"].shape[0]
        super().__init__(
            params,
            data,
            Generator(model.z_dim, model.width, channels, size),
            Discriminator(model.width, model.dropout, channels, size),
        )
