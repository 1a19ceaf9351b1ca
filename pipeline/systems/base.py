"""What a system is: two networks and the losses they play."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from pipeline import objectives, penalties
from pipeline.params import Params
from pipeline.stabilisers import minibatch
from pipeline.stabilisers.feature_matching import feature_distance
from pipeline.stabilisers.virtual_batch_norm import ReferenceBatch, make_virtual
from pipeline.streams import draw_latent, stream


class Losses(NamedTuple):
    """What one side's step gives: the loss to minimise, and the logits it was computed from."""

    loss: Tensor  # scalar
    real_logits: Tensor | None  # [N]; none in the step of a generator that does not look at them
    fake_logits: Tensor  # [N]


class DiscriminatorBase(nn.Module):
    """Features of an image, and from them, linearly, one logit.

    A system's discriminator has `layers` and `last`, or overrides what is said with them, where its labels
    come in. Called, it gives the logits.
    """

    layers: nn.Module  # images [N, C, H, W] to features [N, ...]
    last: nn.Module  # features to one logit each

    def __init__(self) -> None:
        super().__init__()
        self.minibatch: nn.Module | None = None  # what the rest of the batch adds to a logit

    def features(self, x: Tensor, labels: Tensor) -> Tensor:
        """Features [N, ...] of images [N, C, H, W] under labels [N]."""
        return self.layers(x)

    def head(self, features: Tensor, labels: Tensor) -> Tensor:
        """What features [N, ...] under labels [N] say alone, without the rest of the batch: logits [N]."""
        return self.last(features).reshape(-1)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.logits(self.features(x, labels), labels)

    def logits(self, features: Tensor, labels: Tensor) -> Tensor:
        """Logits [N] of what `features` gave, under labels [N]."""
        logits = self.head(features, labels)
        return logits if self.minibatch is None else logits + self.minibatch(features.flatten(1))


class GAN(nn.Module):
    """A generator and a discriminator under one adversarial objective.

    A system's file builds the two networks, called as `generator(z, labels)` and `discriminator(x, labels)`,
    and overrides a loss where its mathematics differ.
    """

    def __init__(
        self,
        params: Params,
        generator: nn.Module,
        discriminator: DiscriminatorBase,
        channels: int,
        classes: int,
    ) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.classes = classes
        self.objective = objectives.build(params.objective)
        self._penalty = penalties.build(params.objective.penalty)
        self._feature_matching = params.stabilisers.feature_matching
        if params.stabilisers.minibatch != "none":
            features = _feature_count(discriminator, channels, params.data.size)
            discriminator.minibatch = minibatch.LAYERS[params.stabilisers.minibatch](features)
        if params.stabilisers.spectral_norm:
            for layer in list(discriminator.modules()):
                if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
                    spectral_norm(layer)
        self.reference = None
        if params.stabilisers.virtual_batch_norm:
            self.reference = _reference_batch(params, classes)
            make_virtual(generator, len(self.reference.z))

    def sample(self, z: Tensor, labels: Tensor) -> Tensor:
        """Images float [N, C, H, W] in [-1, 1] from z [N, z_dim] and labels int64 [N]."""
        if self.reference is not None:
            return self.reference.sample(self.generator, z, labels)
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
        """The generator's loss on its own images [N, C, H, W]; `real` counts where the game compares."""
        features = self.discriminator.features(fake, labels)
        logits = self.discriminator.logits(features, labels).float()
        real_features, real_logits = None, None
        if self.objective.relativistic or self._feature_matching:
            real_features = self.discriminator.features(real, labels)
        if self.objective.relativistic:
            real_logits = self.discriminator.logits(real_features, labels).float()
        loss = self.objective.generator(real_logits, logits).mean()
        if self._feature_matching:
            loss = loss + self._feature_matching * feature_distance(real_features, features)
        return Losses(loss, real_logits, logits)


@torch.no_grad()
def _feature_count(discriminator: DiscriminatorBase, channels: int, size: int) -> int:
    """How many features an image has."""
    training = discriminator.training
    images, labels = torch.zeros(1, channels, size, size), torch.zeros(1, dtype=torch.int64)
    count = discriminator.eval().features(images, labels).numel()
    discriminator.train(training)
    return count


def _reference_batch(params: Params, classes: int) -> ReferenceBatch:
    """As many latents and labels as a batch has images."""
    source, count = stream(params.seed, "reference batch"), params.train.batch
    z = draw_latent(params.model.latent, count, params.model.z_dim, source)
    return ReferenceBatch(z, torch.randint(classes, (count,), generator=source))
