"""The losses of a game of two as plain calls, for tests of its mathematics."""

from torch import Tensor
from torch.optim import Adam

from pipeline.game import Losses
from pipeline.stabilisers.unrolling import unrolled
from pipeline.systems.adversarial import Adversarial


def softplus(x: Tensor) -> Tensor:
    """Minus the log of the probability that logits -x mean, written out."""
    return (1 + x.exp()).log()


def discriminator_loss(model: Adversarial, real: Tensor, fake: Tensor, labels: Tensor) -> Losses:
    """What the discriminator pays for images [N, C, H, W] under labels [N]."""
    return model.game.critic_losses(model.discriminator, (real, labels), (fake, labels))


def generator_loss(model: Adversarial, real: Tensor, fake: Tensor, labels: Tensor) -> Losses:
    """What the generator pays."""
    return model.game.maker_losses(model.discriminator, (real, labels), (fake, labels))


def unrolled_generator_loss(
    model: Adversarial, optimiser: Adam, steps: int, real: Tensor, fake: Tensor, labels: Tensor
) -> Losses:
    """What the generator pays against the discriminator after `steps` more updates."""
    ahead = unrolled(
        model.discriminator,
        optimiser,
        steps,
        lambda critic: model.game.critic_losses(critic, (real, labels), (fake, labels)).loss,
    )
    return model.game.maker_losses(ahead, (real, labels), (fake, labels))
