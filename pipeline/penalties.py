"""Penalties on the gradient of the discriminator with respect to its images.

Each is a mean over per-sample values: the norm is taken of each image's own gradient. None may be used with a
discriminator that mixes the samples of a batch (batch norm): the gradient would not be one image's.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pipeline.params import PenaltyParams

Penalty = Callable[[nn.Module, Tensor, Tensor, Tensor, torch.Generator], Tensor]


def build(params: PenaltyParams) -> Penalty | None:
    """The penalty that params.yaml names, unweighted; None for `none`.

    Called as penalty(discriminator, real [N, C, H, W], fake [N, C, H, W], labels [N], source), it gives a
    scalar. `source` is what it draws from, if it draws.
    """
    return {
        "none": None,
        "gradient": gradient_penalty,
        "r1": r1,
        "r2": r2,
        "r1-r2": lambda *game: r1(*game) + r2(*game),
        "dragan": dragan,
    }[params.name]


def gradient_penalty(
    discriminator: nn.Module, real: Tensor, fake: Tensor, labels: Tensor, source: torch.Generator
) -> Tensor:
    """E[(|grad D(x)| - 1)^2], x on the line from a real image to a fake (Gulrajani et al. 2017, eq. (3))."""
    share = _uniform((len(real), 1, 1, 1), real, source)
    return _distance_from_one(discriminator, share * real + (1 - share) * fake, labels)


def dragan(
    discriminator: nn.Module, real: Tensor, fake: Tensor, labels: Tensor, source: torch.Generator
) -> Tensor:
    """E[(|grad D(x)| - 1)^2], x a real image with noise added (Kodali et al. 2017, algorithm 1).

    The noise is uniform in [0, sigma/2], with sigma the deviation of the batch, and each image goes a random
    share of the way.
    """
    noise = real.std() / 2 * _uniform(real.shape, real, source)
    share = _uniform((len(real), 1, 1, 1), real, source)
    return _distance_from_one(discriminator, real + share * noise, labels)


def r1(
    discriminator: nn.Module, real: Tensor, fake: Tensor, labels: Tensor, source: torch.Generator
) -> Tensor:
    """E[|grad D(x)|^2] / 2 at real images (Mescheder et al. 2018, eq. (9))."""
    return _gradients(discriminator, real, labels).square().sum(1).mean() / 2


def r2(
    discriminator: nn.Module, real: Tensor, fake: Tensor, labels: Tensor, source: torch.Generator
) -> Tensor:
    """E[|grad D(x)|^2] / 2 at fake images (Mescheder et al. 2018, eq. (10))."""
    return _gradients(discriminator, fake, labels).square().sum(1).mean() / 2


def _distance_from_one(discriminator: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    # 1e-12: the norm has no derivative at zero
    norms = (_gradients(discriminator, images, labels).square().sum(1) + 1e-12).sqrt()
    return (norms - 1).square().mean()


def _gradients(discriminator: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """The gradient of each image's logit with respect to the image: [N, C H W]."""
    # fakes that were made under autocast are bf16, and the discriminator's weights are not
    images = images.detach().to(torch.promote_types(images.dtype, torch.float32)).requires_grad_()
    (gradients,) = torch.autograd.grad(discriminator(images, labels).sum(), images, create_graph=True)
    return gradients.flatten(1)


def _uniform(shape: tuple[int, ...], like: Tensor, source: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=source, device=source.device).to(like)
