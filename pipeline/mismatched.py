"""Real images under a wrong condition as a second kind of fakes (GAN-CLS, Reed et al. 2016, algorithm 1).

Without them the discriminator says how real an image is, and only by the way whether the condition fits.
"""

from collections.abc import Callable

from torch import Tensor

from pipeline.game import Game, Losses
from pipeline.params import Params
from pipeline.penalties import Critic, Sample


class MismatchedGame(Game):
    """As `Game`, with the share `mismatched` of the fakes' weight on real images under what `wrong` gives.

    `wrong` makes other conditions, [N, ...] each, of the right ones; a half is as published.
    """

    def __init__(
        self, params: Params, mismatched: float, wrong: Callable[..., tuple[Tensor, ...]], name: str = ""
    ) -> None:
        super().__init__(params, name=name)
        self.mismatched, self.wrong = mismatched, wrong

    def critic_losses(self, critic: Critic, real: Sample, fake: Sample) -> Losses:
        images, *conditions = real
        features = critic.features(images, *conditions)
        real_logits = critic.logits(features, *conditions).float()
        fake_logits = critic(*fake).float()
        wrong_logits = critic.logits(features, *self.wrong(*conditions)).float()
        as_fake, as_wrong = (
            self.objective.discriminator(real_logits, logits).mean() for logits in (fake_logits, wrong_logits)
        )
        loss = (1 - self.mismatched) * as_fake + self.mismatched * as_wrong
        return Losses(loss, real_logits, fake_logits)
