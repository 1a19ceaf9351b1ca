"""The game of two: a generator, and a discriminator that learns to tell its images from real ones."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from pipeline import fields
from pipeline.errors import UserError
from pipeline.fields import Field, Fields, class_count
from pipeline.game import Game
from pipeline.networks.initialisation import projection_init
from pipeline.params import Params
from pipeline.stabilisers import minibatch
from pipeline.stabilisers.virtual_batch_norm import ReferenceBatch, make_virtual
from pipeline.streams import draw, stream
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn

NO_PICTURES = {"voxels": "volumes", "mel": "sounds"}  # what can't be augmented, by kind


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


class ProjectionDiscriminator(DiscriminatorBase):
    """Its logit is psi(features) + <embedding of the label, features> (Miyato and Koyama 2018, eq. (3))."""

    def __init__(self, layers: nn.Module, features: int, classes: int) -> None:
        """`layers` make so many `features` of an image."""
        super().__init__()
        self.layers = layers
        self.linear = nn.Linear(features, 1)
        self.embedding = nn.Embedding(classes, features)
        projection_init(self.layers, self.linear, self.embedding)

    def head(self, features: Tensor, labels: Tensor) -> Tensor:
        return self.linear(features).squeeze(1) + (self.embedding(labels) * features).sum(1)


class Adversarial(System):
    """A generator and a discriminator under one adversarial objective (Goodfellow et al. 2014, algorithm 1).

    A system's file builds the two networks, called as `generator(z, labels)` and `discriminator(x, labels)`,
    and gives a game of its own where its mathematics differ.
    """

    def __init__(
        self,
        params: Params,
        data: Fields,
        generator: nn.Module,
        discriminator: DiscriminatorBase,
        game: Game | None = None,
    ) -> None:
        super().__init__()
        other = NO_PICTURES.get(data["images"].kind)
        if other and params.stabilisers.augmentation:
            raise UserError(
                f"stabilisers.augmentation: is for pictures; {params.model.kind} makes {other}: set it to []"
            )
        self.generator = generator
        self.discriminator = discriminator
        self.game = game or Game(params)
        self.latent = fields.latent(params.model.z_dim, params.model.latent)
        self.data, self.conditional = data, params.model.conditional
        self.rounds = params.train.d_steps
        self.statistics = self.game.statistics
        self.certain = self.game.objective.scale
        if params.stabilisers.minibatch != "none":
            features = _feature_count(discriminator, data["images"])
            discriminator.minibatch = minibatch.LAYERS[params.stabilisers.minibatch](features)
        if params.stabilisers.spectral_norm:
            for layer in list(discriminator.modules()):
                if isinstance(layer, nn.Linear | nn.Conv2d | nn.Conv3d | nn.Embedding):
                    spectral_norm(layer)
        self.reference = None
        if params.stabilisers.virtual_batch_norm:
            self.reference = _reference_batch(params, self.latent, class_count(data["labels"]))
            make_virtual(generator, len(self.reference.z))

    def players(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.discriminator}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({"generator": self.generator})

    def exports(self, shipped: nn.ModuleDict) -> dict[str, Export]:
        image = replace(self.data["images"], about=OF_IMAGES)
        inputs = {"z": self.latent}
        if self.conditional:
            label = self.data["labels"]
            inputs["label"] = replace(label, about=label.about | {"of": "labels"})
        network = FromNoise(shipped["generator"])
        return {GENERATOR: Export(network, inputs, {"image": image})}

    def step(self, turns: list[Turn]) -> Moves:
        for turn in turns:
            real = turn.batch["images"], turn.batch["labels"]
            # the last one also serves the generator's move
            fake = self.sample(turn.draw(self.latent), turn.batch["labels"]), turn.batch["labels"]
            yield "discriminator", self.game.critic(self.discriminator, real, fake, turn)
            self.game.clip(self.discriminator)
        ahead = turn.optimisers["discriminator"]
        yield "generator", self.game.maker(self.discriminator, real, fake, turn, ahead)

    def sample(self, z: Tensor, labels: Tensor) -> Tensor:
        """Images float [N, C, H, W] in [-1, 1] from z [N, z_dim] and labels int64 [N]."""
        if self.reference is not None:
            return self.reference.sample(self.generator, z, labels)
        return self.generator(z, labels)


class FromNoise(nn.Module):
    """A generator as it ships: z [N, z_dim], and label [N] where it takes one -> image [N, C, H, W]."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(z, label)


@torch.no_grad()
def _feature_count(discriminator: DiscriminatorBase, image: Field) -> int:
    """How many features an image has."""
    training = discriminator.training
    images, labels = torch.zeros(1, *image.shape), torch.zeros(1, dtype=torch.int64)
    count = discriminator.eval().features(images, labels).numel()
    discriminator.train(training)
    return count


def _reference_batch(params: Params, latent: Field, classes: int) -> ReferenceBatch:
    """As many latents and labels as a batch has images."""
    source, count = stream(params.seed, "reference batch"), params.train.batch
    z = draw(latent, count, source)
    return ReferenceBatch(z, torch.randint(classes, (count,), generator=source))
