"""Unrolled GAN: the generator sees how the discriminator would answer (Metz et al. 2017)."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Adam


class Ahead:
    """A critic as it would be with other weights; called in the same ways."""

    def __init__(self, critic: nn.Module, weights: Mapping[str, Tensor]) -> None:
        self._door = _Door(critic)
        self._weights = {f"critic.{name}": value for name, value in weights.items()}

    def __call__(self, *sample: Tensor) -> Tensor:
        return functional_call(self._door, self._weights, ("__call__", *sample))

    def __getattr__(self, method: str) -> Callable:
        """Any other of the critic's methods."""
        return lambda *given: functional_call(self._door, self._weights, (method, *given))


class _Door(nn.Module):
    """The methods of a critic as something that `functional_call` can call."""

    def __init__(self, critic: nn.Module) -> None:
        super().__init__()
        self.critic = critic

    def forward(self, method: str, *arguments: Tensor) -> Tensor:
        return getattr(self.critic, method)(*arguments)


def unrolled(critic: nn.Module, optimiser: Adam, steps: int, pays: Callable[[Ahead], Tensor]) -> Ahead:
    """The critic after `steps` more updates (eqs. (7)-(8)); `pays` gives the loss of one of them.

    The gradient goes through the updates (eq. (10)), which are those that `optimiser` would make; the critic
    itself stays as it is.
    """
    names = [name for name, _ in critic.named_parameters()]
    values = [value.detach().requires_grad_() for value in critic.parameters()]
    moments = [_moments(optimiser, value) for value in critic.parameters()]
    for _ in range(steps):
        loss = pays(Ahead(critic, dict(zip(names, values, strict=True))))
        gradients = torch.autograd.grad(loss, values, create_graph=True)
        updated = [
            _adam(*known, optimiser.param_groups[0]) for known in zip(values, gradients, moments, strict=True)
        ]
        values, moments = [value for value, _ in updated], [moment for _, moment in updated]
    return Ahead(critic, dict(zip(names, values, strict=True)))


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
