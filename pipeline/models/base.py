"""What a system is: two networks and the losses they play."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from pipeline import objectives, penalties
from pipeline.params import Params


class Losses(NamedTuple):
    """What one side's step gives: the loss to minimise, and the logits it was computed from."""

    loss: Tensor  # scalar
    real_logits: Tensor | None  # [N]; none in the step of a generator that does not look at them
    fake_logits: Tensor  # [N]


class GAN(nn.Module):
    """A generator and a discriminator under one adversarial objective.

    A system's file builds the two networks, called as `generator(z, labels)` and `discriminator(x, labels)`,
    and overrides a loss where its mathematics differ.
    """

    def __init__(self, params: Params, generator: nn.Module, discriminator: nn.Module) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.objective = objectives.build(params.objective)
        self._penalty = penalties.build(params.objective.penalty)
        if params.model.spectral_norm:
            for layer in list(discriminator.modules()):
                if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
                    spectral_norm(layer)

    def sample(self, z: Tensor, labels: Tensor) -> Tensor:
        """Images float [N, C, H, W] in [-1, 1] from z [N, z_dim] and labels int64 [N]."""
        return self.generator(z, labels)

    def discriminator_loss(self, real: Tensor, fake: Tensor, labels: Tensor) -> Losses:
        """The discriminator's loss on images [N, C, H, W]; `fake` comes detached."""
        real_logits = self.discriminator(real, labels).float()
        fake_logits = self.discriminator(fake, labels).float()
        return Losses(self.objective.discriminator(real_logits, fake_logits).mean(), real_logits, fake_logits)

    def penalty(self, real: Tensor, fake: Tensor, labels: Tensor, source: torch.Generator) -> Tensor:
        """What the discriminator pays for its slope at images [N, C, H, W]: a scalar, unweighted."""
        return self._penalty(self.discriminator, real, fake, labels, source)

    def generator_loss(self, real: Tensor, fake: Tensor, labels: Tensor) -> Losses:
        """The generator's loss on its own images [N, C, H, W], paired with `real` where that is the game."""
        real_logits = self.discriminator(real, labels).float() if self.objective.relativistic else None
        logits = self.discriminator(fake, labels).float()
        return Losses(self.objective.generator(real_logits, logits).mean(), real_logits, logits)


@torch.no_grad()
def dcgan_init(network: nn.Module) -> None:
    """Weights N(0, 0.02), batch-norm gains N(1, 0.02), biases 0 (Radford et al. 2016, section 4)."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Embedding | nn.Conv2d | nn.ConvTranspose2d):
            layer.weight.normal_(0, 0.02)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.weight.normal_(1, 0.02)
        if isinstance(getattr(layer, "bias", None), nn.Parameter):
            layer.bias.zero_()


@torch.no_grad()
def keras_init(network: nn.Module) -> None:
    """Glorot-uniform weights and zero biases, the Keras default."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                layer.bias.zero_()
