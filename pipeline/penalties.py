"""Penalties on the gradient of a critic with respect to what it judges.

Each is a mean over per-sample values: the norm is taken of each sample's own gradient. None may be used with
a critic that mixes the samples of a batch (batch norm): the gradient would not be one sample's.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from pipeline.params import PenaltyParams

Sample = tuple[Tensor, ...]  # what is judged, and after it what it is judged under: (x,), (x, label), (x, z)
Critic = Callable[..., Tensor]  # called with the entries of a sample it gives logits
Penalty = Callable[[Critic, Sample, Sample, int, torch.Generator], Tensor]


def build(params: PenaltyParams) -> Penalty | None:
    """The penalty that params.yaml names, unweighted; None for `none`.

    Called as penalty(critic, real, fake, judged, source), with the number of entries of a sample that are
    judged, it gives a scalar. `source` is what it draws from, if it draws.
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
    critic: Critic, real: Sample, fake: Sample, judged: int, source: torch.Generator
) -> Tensor:
    """E[(|grad D(x)| - 1)^2], x on the line from a real sample to a fake (Gulrajani et al. 2017, eq. (3))."""
    share = _a_share_each(real, source)
    between = [
        _shaped(share, x) * x + (1 - _shaped(share, x)) * y for x, y in zip(real[:judged], fake, strict=False)
    ]
    return _distance_from_one(critic, (*between, *real[judged:]), judged)


def dragan(critic: Critic, real: Sample, fake: Sample, judged: int, source: torch.Generator) -> Tensor:
    """E[(|grad D(x)| - 1)^2], x a real sample with noise added (Kodali et al. 2017, algorithm 1).

    The noise is uniform in [0, sigma/2], with sigma the deviation of the batch, and each sample goes a random
    share of the way.
    """
    noise = [x.std() / 2 * _uniform(x.shape, x, source) for x in real[:judged]]
    share = _a_share_each(real, source)
    around = [x + _shaped(share, x) * more for x, more in zip(real, noise, strict=False)]
    return _distance_from_one(critic, (*around, *real[judged:]), judged)


def r1(critic: Critic, real: Sample, fake: Sample, judged: int, source: torch.Generator) -> Tensor:
    """E[|grad D(x)|^2] / 2 at real samples (Mescheder et al. 2018, eq. (9))."""
    return _gradients(critic, real, judged).square().sum(1).mean() / 2


def r2(critic: Critic, real: Sample, fake: Sample, judged: int, source: torch.Generator) -> Tensor:
    """E[|grad D(x)|^2] / 2 at fakes (Mescheder et al. 2018, eq. (10))."""
    return _gradients(critic, fake, judged).square().sum(1).mean() / 2


def _distance_from_one(critic: Critic, sample: Sample, judged: int) -> Tensor:
    # 1e-12: the norm has no derivative at zero
    norms = (_gradients(critic, sample, judged).square().sum(1) + 1e-12).sqrt()
    return (norms - 1).square().mean()


def _gradients(critic: Critic, sample: Sample, judged: int) -> Tensor:
    """The gradient of each sample's logits with respect to all that is judged of it: [N, numbers]."""
    # fakes that were made under autocast are bf16, and the critic's weights are not
    at = [
        value.detach().to(torch.promote_types(value.dtype, torch.float32)).requires_grad_()
        for value in sample[:judged]
    ]
    logits = critic(*at, *sample[judged:])
    gradients = torch.autograd.grad(logits.sum(), at, create_graph=True)
    return torch.cat([gradient.flatten(1) for gradient in gradients], 1)


def _a_share_each(sample: Sample, source: torch.Generator) -> Tensor:
    return _uniform((len(sample[0]),), sample[0], source)


def _shaped(share: Tensor, like: Tensor) -> Tensor:
    """One number a sample, shaped to go with [N, ...]."""
    return share.reshape(-1, *[1] * (like.ndim - 1))


def _uniform(shape: tuple[int, ...], like: Tensor, source: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=source, device=source.device).to(like)
