"""Adversarial variational Bayes with adaptive contrast (Mescheder et al. 2017), fully connected.

The bound of the VAE with a posterior of any form: the encoder takes noise, an adversary says what codes cost.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.functional import softplus

from pipeline import fields
from pipeline import params as p
from pipeline.fields import Field, Fields
from pipeline.networks.bernoulli import BernoulliDecoder
from pipeline.systems.base import GENERATOR, OF_IMAGES, Export, Moves, System
from pipeline.turn import Turn


class Params(p.LatentParams):
    """z 8 in the published form; the networks are of the VAE's size."""

    latent: Literal["normal"]  # the prior: N(0, 1)
    noise: p.Count  # numbers that the encoder is fed beside an image
    hidden: p.Count

    uses: ClassVar = frozenset()
    sizes: ClassVar = (8, 16, 28, 32)
    conditional: ClassVar = False

    def players(self) -> tuple[str, ...]:
        return ("autoencoder", "adversary")


class Encoder(nn.Module):
    """Image [N, C, size, size], noise [N, M] -> a draw z [N, z_dim] of q(z|x).

    z_k = a_k(x) + sum over i of a_ki(x) v_ki(noise_i): the moments of v give those of q (adaptive contrast).
    """

    WIDTH = 32  # hidden units of each basis function

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        self.count, self.z_dim = model.noise, model.z_dim
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image.shape), model.hidden), nn.ReLU())
        self.start = nn.Linear(model.hidden, model.z_dim)
        self.amounts = nn.Linear(model.hidden, model.z_dim * model.noise)
        self.basis = nn.Sequential(  # a group for each number of the noise: they don't mix
            nn.Conv1d(model.noise, model.noise * self.WIDTH, 1, groups=model.noise),
            nn.ReLU(),
            nn.Conv1d(model.noise * self.WIDTH, model.noise * model.z_dim, 1, groups=model.noise),
        )

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        start, amounts = self._of_image(x)
        return start + self._mixed(amounts, self._of_noise(noise))

    def draw(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """z, and mean and deviation of q(z|x) without gradient: [N, z_dim] each."""
        (start, amounts), basis = self._of_image(x), self._of_noise(noise)
        with torch.no_grad():
            mean = start + (amounts * basis.mean(0)).sum(2)
            variance = (amounts.square() * basis.var(0)).sum(2)
        return start + self._mixed(amounts, basis), mean, (variance + 1e-6).sqrt()

    def _of_image(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """a_k [N, z_dim], and a_ki [N, z_dim, M]."""
        features = self.layers(0.5 * x + 0.5)  # black is 0
        return self.start(features), self.amounts(features).reshape(-1, self.z_dim, self.count)

    def _of_noise(self, noise: Tensor) -> Tensor:
        """v_ki, [N, z_dim, M]."""
        return (
            self.basis(noise.reshape(-1, self.count, 1)).reshape(-1, self.count, self.z_dim).transpose(1, 2)
        )

    def _mixed(self, amounts: Tensor, basis: Tensor) -> Tensor:
        """Sum over the last side, as a product of matrices: small runtimes lack the sum."""
        rows, columns = (-1, self.z_dim, 1, self.count), (-1, self.z_dim, self.count, 1)
        products = amounts.reshape(rows) @ basis.reshape(columns)
        return products.reshape(-1, self.z_dim)


class Adversary(nn.Module):
    """T: image [N, C, size, size], standardised code [N, z_dim] -> logits [N] that it comes from q(z|x)."""

    def __init__(self, model: Params, image: Field) -> None:
        super().__init__()
        self.image = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image.shape), model.hidden))
        self.z = nn.Linear(model.z_dim, model.hidden)
        self.layers = nn.Sequential(
            nn.ReLU(), nn.Linear(model.hidden, model.hidden), nn.ReLU(), nn.Linear(model.hidden, 1)
        )

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return self.layers(self.image(0.5 * x + 0.5) + self.z(z)).reshape(-1)


class Model(System):
    """The system `avb`."""

    # the first three: nats an image
    statistics = ("loss", "reconstruction_loss", "kl_loss", "adversary_loss")

    def __init__(self, params: p.Params[Params], data: Fields) -> None:
        super().__init__()
        model = params.model
        self.image = replace(data["images"], about=OF_IMAGES)
        self.latent = fields.latent(model.z_dim, model.latent)
        self.noise = fields.latent(model.noise, "normal")
        self.encoder = Encoder(model, self.image)
        self.decoder = BernoulliDecoder(self.image, model.hidden, model.z_dim)
        self.adversary = Adversary(model, self.image)

    def players(self) -> dict[str, nn.Module]:
        return {"autoencoder": nn.ModuleList([self.encoder, self.decoder]), "adversary": self.adversary}

    def shipped(self) -> nn.ModuleDict:
        return nn.ModuleDict({GENERATOR: self.decoder, "encoder": self.encoder})

    def exports(self, shipped: Mapping[str, nn.Module]) -> dict[str, Export]:
        drawn = replace(self.latent, about=self.latent.about | {"of": "z"})
        inputs = {"image": self.image, "noise": self.noise}
        return {
            GENERATOR: Export(shipped[GENERATOR], {"z": self.latent}, {"image": self.image}),
            "encoder": Export(shipped["encoder"], inputs, {"z": drawn}),
        }

    def step(self, turns: list[Turn]) -> Moves:
        """Algorithm 1 with adaptive contrast: KL(q | p) = KL(q | r) + E_q[log r - log p].

        r is the normal distribution of q's mean and deviation. Standardised by them it is N(0, 1), and the
        adversary has only to learn in what q differs from it: T = log q - log r. For the gradient r is a
        constant: the identity holds for any r.
        """
        (turn,) = turns
        x = turn.batch["images"]
        z, mean, deviation = (value.float() for value in self.encoder.draw(x, turn.draw(self.noise, "noise")))
        standard = (z - mean) / deviation
        to_prior = ((z.square() - standard.square()) / 2 - deviation.log()).sum(1)  # log r(z) - log p(z)
        kl = (self.adversary(x, standard).float() + to_prior).mean()
        logits = self.decoder.logits(z).float()
        reconstruction = cross_entropy(logits, (x + 1) / 2, reduction="sum") / len(x)
        turn.note(loss=reconstruction + kl, reconstruction_loss=reconstruction, kl_loss=kl)
        yield "autoencoder", reconstruction + kl
        drawn = turn.draw(self.latent, "contrast")
        from_q, from_r = (self.adversary(x, code).float() for code in (standard.detach(), drawn))
        told = (softplus(-from_q) + softplus(from_r)).mean()
        turn.note(adversary_loss=told)
        yield "adversary", told
