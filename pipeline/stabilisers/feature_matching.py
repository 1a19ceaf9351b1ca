"""Feature matching: the generator meets the statistics of real images, not only the verdict."""

from torch import Tensor


def feature_distance(real: Tensor, fake: Tensor) -> Tensor:
    """|E f(x) - E f(G(z))|^2 over a batch (Salimans et al. 2016, section 3.1): a scalar.

    `real` and `fake` are the discriminator's features [N, ...]; nothing is learnt through the real ones.
    """
    gap = real.detach().flatten(1).float().mean(0) - fake.flatten(1).float().mean(0)
    return gap.square().sum()
