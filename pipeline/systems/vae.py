"""The variational autoencoder (Kingma and Welling 2014), fully connected, with Bernoulli pixels."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields
from pipeline.networks.bernoulli import BernoulliDecoder
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.LatentParams):
    """784-400-20-400-784 in the published form."""

    latent: Literal["normal"]  # the prior: N(0, 1)
    hidden: p.Count

    uses: ClassVar = frozenset()
    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("autoencoder",)


class Encoder(nn.Module):
    """Image [N, C, size, size] -> mean [N, z_dim] and log variance [N, z_dim] of q(z|x)."""

    def __init__(self, image: Field, hidden: int, z_dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image.shape), hidden), nn.ReLU())
        self.mean = nn.Linear(hidden, z_dim)
        self.log_variance = nn.Linear(hidden, z_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.layers(0.5 * x + 0.5)  # black is 0, as published: -1 costs two nats
        return self.mean(features), self.log_variance(features)


class Model(System):
    """The system `vae`."""

    statistics = ("loss", "reconstruction_loss", "kl_loss")  # nats an image

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.latent = fields.latent(model.z_dim, model.latent)
        self.encoder = Encoder(self.image, model.hidden, model.z_dim)
        self.decoder = BernoulliDecoder(self.image, model.hidden, model.z_dim)

    def players(self) -> dict[str, nn.Module]:
        return {"autoencoder": nn.ModuleList([self.encoder, self.decoder])}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.decoder, "encoder": self.encoder})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        mean = replace(self.latent, about=self.latent.about | {"of": "z", "likelihood": "bernoulli"})
        posterior = {"mean": mean, "log_variance": Field("latent", self.latent.shape)}
        return {
            GENERATOR: Export(shipped[GENERATOR], {"z": self.latent}, {"image": self.image}),
            "encoder": Export(shipped["encoder"], {"image": self.image}, posterior),
        }

    def step(self, turns: list[Turn]) -> Moves:
        """Minimise -ELBO (eq. (10) with one sample): what a code and the picture after it cost."""
        (turn,) = turns
        x = turn.batch["images"]
        mean, log_variance = (value.float() for value in self.encoder(x))
        z = mean + (log_variance / 2).exp() * turn.draw(self.latent, "posterior")  # eq. (4)
        logits = self.decoder.logits(z).float()
        reconstruction = cross_entropy(logits, (x + 1) / 2, reduction="sum") / len(x)
        kl = -(1 + log_variance - mean.square() - log_variance.exp()).sum(1).mean() / 2  # appendix B
        turn.note(loss=reconstruction + kl, reconstruction_loss=reconstruction, kl_loss=kl)
        yield "autoencoder", reconstruction + kl
