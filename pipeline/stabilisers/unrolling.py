"""Unrolled GAN: the generator sees how the discriminator would answer (Metz et al. 2017)."""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Adam

from pipeline.systems.base import GAN, Losses

PREFIX = "model.discriminator."


class _Losses(nn.Module):
    """The two losses of a model as something that `functional_call` can call."""

    def __init__(self, model: GAN) -> None:
        super().__init__()
        self.model = model

    def forward(self, side: str, real: Tensor, fake: Tensor, labels: Tensor) -> Losses:
        return getattr(self.model, side)(real, fake, labels)


def unrolled_generator_loss(
    model: GAN, optimiser: Adam, steps: int, real: Tensor, fake: Tensor, labels: Tensor
) -> Losses:
    """The generator's loss against the discriminator after `steps` more updates (eqs. (7)-(8) and (10)).

    The gradient goes through the updates, which are those that `optimiser` would make; the discriminator
    itself stays as it is.
    """
    losses = _Losses(model)
    names = [PREFIX + name for name, _ in model.discriminator.named_parameters()]
    values = [value.detach().requires_grad_() for value in model.discriminator.parameters()]
    moments = [_moments(optimiser, value) for value in model.discriminator.parameters()]
    for _ in range(steps):
        weights = dict(zip(names, values, strict=True))
        d = functional_call(losses, weights, ("discriminator_loss", real, fake, labels))
        gradients = torch.autograd.grad(d.loss, values, create_graph=True)
        updated = [
            _adam(*known, optimiser.param_groups[0]) for known in zip(values, gradients, moments, strict=True)
        ]
        values, moments = [value for value, _ in updated], [moment for _, moment in updated]
    weights = dict(zip(names, values, strict=True))
    return functional_call(losses, weights, ("generator_loss", real, fake, labels))


Moments = tuple[Tensor, Tensor, Tensor]  # Adam's m, v and step


def _moments(optimiser: Adam, parameter: Tensor) -> Moments:
    known = optimiser.state[parameter]
    return known["exp_avg"], known["exp_avg_sq"], known["step"]


def _adam(value: Tensor, gradient: Tensor, moments: Moments, group: dict) -> tuple[Tensor, Moments]:
    """One update, differentiable (Kingma and Ba 2015, algorithm 1)."""
    mean, square, step = moments
    beta1, beta2 = group["betas"]
    step = step + 1
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient.square()
    # eps inside the root: the root has no derivative at zero
    root = (square / (1 - beta2**step) + group["eps"] ** 2).sqrt()
    return value - group["lr"] * (mean / (1 - beta1**step)) / root, (mean, square, step)
