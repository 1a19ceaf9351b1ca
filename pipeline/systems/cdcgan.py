"""The flagship: a class-conditional DCGAN, modulated by class and z, with a projection discriminator."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from pipeline import params as p
from pipeline.fields import Fields, class_count
from pipeline.mismatched import MismatchedGame
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


class ModulatedBatchNorm2d(nn.Module):
    """Batch norm whose gain and bias depend on the class and on z.

    The class has its own gain and bias (Dumoulin et al. 2017, section 2.2); z reaches every layer besides the
    first and shifts both (Brock et al. 2019, section 3; Chen et al. 2019, eq. (3)).
    """

    def __init__(self, channels: int, classes: int, z_dim: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.class_gain = nn.Embedding(classes, channels)
        self.class_bias = nn.Embedding(classes, channels)
        self.z_gain = nn.Linear(z_dim, channels, bias=False)
        self.z_bias = nn.Linear(z_dim, channels, bias=False)
        nn.init.ones_(self.class_gain.weight)
        nn.init.zeros_(self.class_bias.weight)
        nn.init.normal_(self.z_gain.weight, 0, 0.02)
        nn.init.normal_(self.z_bias.weight, 0, 0.02)

    def forward(self, x: Tensor, z: Tensor, labels: Tensor) -> Tensor:
        gain = self.class_gain(labels) + self.z_gain(z)
        bias = self.class_bias(labels) + self.z_bias(z)
        if self.training:
            x = self.norm(x)
        else:  # the statistics are constants now, and go into gain and bias
            gain = gain * (self.norm.running_var + self.norm.eps).rsqrt()
            bias = bias - gain * self.norm.running_mean
        shape = (-1, x.shape[1], 1, 1)
        return torch.addcmul(bias.reshape(shape), x, gain.reshape(shape))


class Generator(nn.Module):
    """z [N, z_dim], labels [N] -> image [N, C, size, size]."""

    def __init__(self, z_dim: int, classes: int, width: int, channels: int, size: int) -> None:
        super().__init__()
        widths = doubled(width, size)[::-1]
        self.start = (widths[0], 4, 4)
        self.project = nn.Linear(z_dim, widths[0] * 16)
        self.norms = nn.ModuleList(ModulatedBatchNorm2d(width, classes, z_dim) for width in widths)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
            for inputs, outputs in zip(widths, [*widths[1:], channels], strict=True)
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        x = self.project(z).reshape(-1, *self.start)
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(torch.relu(norm(x, z, labels)))
        return torch.tanh(x)


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
        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        """He et al. 2015, eq. (14), for the features, and logits in which the label counts most.

        As torch starts them, the features of MNIST have a mean square of 0.003, not of 0.4 as here.
        """
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, 0.2)
                layer.bias.zero_()
        scale = self.linear.in_features**-0.5
        self.linear.weight.normal_(0, scale)
        self.embedding.weight.normal_(0, 5 * scale)  # measured: nearer to the real digits than 1

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
            Generator(model.z_dim, classes, model.generator_width, channels, size),
            Discriminator(classes, model.discriminator_width, channels, size),
            MismatchedGame(params, model.mismatched, wrong),
        )
