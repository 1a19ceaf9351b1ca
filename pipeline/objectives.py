"""Adversarial losses as pairs of functions of the logits, one value a sample.

Both are minimised. With D(x) = sigmoid(logit): -log D = softplus(-logit) and -log(1 - D) = softplus(logit),
which stay finite where log(sigmoid(.)) does not.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from pipeline.params import ObjectiveParams

STEEPEST = 10.0  # where `_exp` goes on as a straight line


class Objective(NamedTuple):
    """One game: `discriminator(real_logits, fake_logits)` and `generator(real_logits, fake_logits)`.

    Each takes two [N] and gives [N]. Only a relativistic generator looks at real logits; the others get None.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor | None, Tensor], Tensor]
    relativistic: bool = False
    # what D pays where it tells nothing apart, and where it tells everything; None: nothing bounds it
    scale: tuple[float, float] | None = None


def build(params: ObjectiveParams) -> Objective:
    """The objective that params.yaml names.

    One-sided label smoothing s (Salimans et al. 2016, section 3.4) lowers the target of real images to 1 - s.
    """
    smoothing = params.label_smoothing
    logistic = (2 * _entropy((1 - smoothing) / 2), _entropy(smoothing))

    def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
        """Goodfellow et al. 2014, eq. (1); -(1-s) log D(x) - s log(1 - D(x)) = softplus(-x) + s x."""
        return softplus(-real) + smoothing * real + softplus(fake)

    def least_squares(real: Tensor, fake: Tensor) -> Tensor:
        """Mao et al. 2017, eq. (2) with a = 0, b = 1 - s."""
        return (real - (1 - smoothing)).square() / 2 + fake.square() / 2

    def hinge(real: Tensor, fake: Tensor) -> Tensor:
        """Lim and Ye 2017; Miyato et al. 2018, eq. (16)."""
        return relu(1 - real) + relu(1 + fake)

    return {
        # Goodfellow et al. 2014, eq. (1): G minimises log(1 - D(G(z))), which is flat where D is sure
        "minimax": Objective(cross_entropy, lambda _, fake: -softplus(fake), scale=logistic),
        # ibid., section 3: G maximises log D(G(z))
        "non-saturating": Objective(cross_entropy, lambda _, fake: softplus(-fake), scale=logistic),
        # Mao et al. 2017, eq. (2) with c = 1
        "least-squares": Objective(
            least_squares, lambda _, fake: (fake - 1).square() / 2, scale=((1 - smoothing) ** 2 / 4, 0.0)
        ),
        # Miyato et al. 2018, eq. (17)
        "hinge": Objective(hinge, lambda _, fake: -fake, scale=(2.0, 0.0)),
        # Arjovsky et al. 2017, algorithm 1
        "wasserstein": Objective(lambda real, fake: fake - real, lambda _, fake: -fake),
        # Jolicoeur-Martineau 2018, eqs. (7)-(8); with R1 and R2: Huang et al. 2024, eqs. (2)-(3)
        "relativistic": Objective(
            lambda real, fake: softplus(fake - real),
            lambda real, fake: softplus(real - fake),
            relativistic=True,
            scale=(math.log(2), 0.0),
        ),
        "f-kl": _f_divergence(lambda v: v, lambda v: _exp(v - 1)),
        "f-reverse-kl": _f_divergence(lambda v: -_exp(-v), lambda v: v - 1),
        "f-js": _f_divergence(
            lambda v: math.log(2) - softplus(-v), lambda v: softplus(v) - math.log(2), 2 * math.log(2)
        ),
        "f-squared-hellinger": _f_divergence(lambda v: 1 - _exp(-v), lambda v: _exp(v) - 1, 2.0),
        "f-pearson": _f_divergence(lambda v: v, lambda v: v.square() / 4 + v),
        "f-total-variation": _f_divergence(lambda v: v.tanh() / 2, lambda v: v.tanh() / 2, 1.0),
    }[params.name]


def _f_divergence(
    activation: Callable[[Tensor], Tensor],
    conjugate: Callable[[Tensor], Tensor],
    largest: float | None = None,
) -> Objective:
    """Nowozin et al. 2016, eq. (6): D maximises E_real[g(v)] - E_fake[f*(g(v))], with v the logit.

    `activation` is g of their table 2, and `conjugate` the composition f*(g(v)), written out. G maximises
    g(v) of its images, as section 3.2 advises: the gradient of f* vanishes where D is sure. `largest` is
    the divergence of two distributions without overlap, where it is finite.
    """
    return Objective(
        lambda real, fake: conjugate(fake) - activation(real),
        lambda _, fake: -activation(fake),
        scale=None if largest is None else (0.0, -largest),
    )


def _entropy(share: float) -> float:
    """Of a coin that shows heads with this probability, in nats: what smoothed targets cost at best."""
    return -sum(p * math.log(p) for p in (share, 1 - share) if p)


def _exp(x: Tensor) -> Tensor:
    """e^x, from STEEPEST on its tangent there: value and gradient stay finite."""
    bounded = x.clamp(max=STEEPEST)
    return torch.exp(bounded) * (1 + x - bounded)
