"""Adversarial losses as pairs of functions of the logits, one value a sample.

Both are minimised. With D(x) = sigmoid(logit): -log D = softplus(-logit) and -log(1 - D) = softplus(logit),
which stay finite where log(sigmoid(.)) does not.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import relu, softplus

from pipeline.params import ObjectiveParams


class Objective(NamedTuple):
    """One game: `discriminator(real_logits, fake_logits)` and `generator(fake_logits)`, each [N] -> [N]."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def build(params: ObjectiveParams) -> Objective:
    """The objective that params.yaml names.

    One-sided label smoothing s (Salimans et al. 2016, section 3.4) lowers the target of real images to 1 - s.
    """
    smoothing = params.label_smoothing

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
        "minimax": Objective(cross_entropy, lambda fake: -softplus(fake)),
        # ibid., section 3: G maximises log D(G(z))
        "non-saturating": Objective(cross_entropy, lambda fake: softplus(-fake)),
        # Mao et al. 2017, eq. (2) with c = 1
        "least-squares": Objective(least_squares, lambda fake: (fake - 1).square() / 2),
        # Miyato et al. 2018, eq. (17)
        "hinge": Objective(hinge, lambda fake: -fake),
    }[params.name]
