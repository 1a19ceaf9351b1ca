"""An adversarial game: what one critic pays, and what the maker of its fakes pays.

A sample is a tuple of what is judged and what it is judged under: (image,), (image, label), (image, z). Its
first `judged` entries are augmented and differentiated; the rest are conditions.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pipeline import objectives, penalties, schedule
from pipeline.params import NO_STABILISERS, Params
from pipeline.penalties import Critic, Sample
from pipeline.precision import full_precision
from pipeline.stabilisers.augmentation import augment
from pipeline.stabilisers.feature_matching import feature_distance
from pipeline.stabilisers.instance_noise import add_noise, annealed
from pipeline.stabilisers.unrolling import unrolled
from pipeline.turn import Turn


class Losses(NamedTuple):
    """What one side pays, and the logits that it was computed from."""

    loss: Tensor  # scalar
    real_logits: Tensor | None  # [N]; none for a maker whose objective does not look at them
    fake_logits: Tensor  # [N]


class Game:
    """Objective, penalty, clipping and views for one critic."""

    def __init__(
        self, params: Params, judged: int = 1, name: str = "", slope_before_views: bool = False
    ) -> None:
        """`name` tells the random streams and statistics of several games in one system apart.

        `slope_before_views`: the slope that is penalised is that of a critic who makes its views itself, at
        samples as they are.
        """
        self.objective = objectives.build(params.objective)
        self.judged, self.slope_before_views = judged, slope_before_views
        self._prefix = f"{name} " if name else ""
        self._statistics = f"{name}_" if name else ""
        self._penalty, self._penalised = penalties.build(params.objective.penalty), params.objective.penalty
        self._schedule = params.train.schedule
        self._clip = params.objective.weight_clip
        self._stabilisers = params.stabilisers or NO_STABILISERS

    @property
    def statistics(self) -> tuple[str, ...]:
        """The columns that it adds to history.csv."""
        return tuple(
            self._statistics + name
            for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after", "logit_gap")
        )

    def critic(self, critic: nn.Module, real: Sample, fake: Sample, turn: Turn) -> Tensor:
        """All that the critic pays: for its verdicts on views of both, and for its slope."""
        fake = _detached(fake)
        seen = self._view(real, "real", turn), self._view(fake, "fake", turn)
        paid = self.critic_losses(critic, *seen)
        self._note(
            turn,
            d_loss=paid.loss,
            d_real=paid.real_logits.sigmoid().mean(),
            d_fake=paid.fake_logits.sigmoid().mean(),
            logit_gap=paid.real_logits.mean() - paid.fake_logits.mean(),
        )
        if self.slope_before_views:
            return paid.loss + self._slope(self._viewing(critic, turn), real, fake, turn)
        return paid.loss + self._slope(critic, *seen, turn)

    def maker(
        self, critic: nn.Module, real: Sample, fake: Sample, turn: Turn, optimiser: Optimizer | None = None
    ) -> Tensor:
        """What the maker of `fake` pays; `optimiser` is the critic's, for one that looks ahead."""
        compares = self.objective.relativistic or self._stabilisers.feature_matching
        ahead = self._stabilisers.unrolled_steps
        if compares or ahead:
            real = self._view(real, "real", turn)
        fake = self._view(fake, "fake to the generator", turn)
        judge: Critic = critic
        if ahead:
            judge = unrolled(critic, optimiser, ahead, lambda now: self.critic_losses(now, real, fake).loss)
        paid = self.maker_losses(judge, real, fake)
        self._note(turn, g_loss=paid.loss, d_fake_after=paid.fake_logits.sigmoid().mean())
        return paid.loss

    def critic_losses(self, critic: Critic, real: Sample, fake: Sample) -> Losses:
        """The critic's loss on samples as it sees them."""
        real_logits, fake_logits = critic(*real).float(), critic(*fake).float()
        return Losses(self.objective.discriminator(real_logits, fake_logits).mean(), real_logits, fake_logits)

    def maker_losses(self, critic: Critic, real: Sample, fake: Sample) -> Losses:
        """The maker's loss; `real` counts where the game compares."""
        matched, conditions = self._stabilisers.feature_matching, slice(self.judged, None)
        if not matched:
            logits = critic(*fake).float()
            real_logits = critic(*real).float() if self.objective.relativistic else None
            return Losses(self.objective.generator(real_logits, logits).mean(), real_logits, logits)
        features, real_features = critic.features(*fake), critic.features(*real)
        logits, real_logits = critic.logits(features, *fake[conditions]).float(), None
        if self.objective.relativistic:
            real_logits = critic.logits(real_features, *real[conditions]).float()
        loss = self.objective.generator(real_logits, logits).mean()
        return Losses(loss + matched * feature_distance(real_features, features), real_logits, logits)

    @torch.no_grad()
    def clip(self, critic: nn.Module) -> None:
        """Keep the critic's weights within the bound, if there is one (Arjovsky et al. 2017, algorithm 1)."""
        if self._clip is not None:
            for weight in critic.parameters():
                weight.clamp_(-self._clip, self._clip)

    def _view(self, sample: Sample, purpose: str, turn: Turn) -> Sample:
        """What the critic is shown of `sample`: images augmented, all that is judged with noise."""
        chosen, seen = self._stabilisers, list(sample)
        for number, value in enumerate(sample[: self.judged]):
            what = f"{self._prefix}{purpose}" + (f" {number + 1}" if number else "")
            if chosen.augmentation and value.ndim == 4:
                value = augment(value, chosen.augmentation, turn.stream(f"augmentation of {what}"))
            if chosen.instance_noise:
                deviation = annealed(chosen.instance_noise, turn.step, turn.steps)
                value = add_noise(value, deviation, turn.stream(f"noise on {what}"))
            seen[number] = value
        return tuple(seen)

    def _viewing(self, critic: nn.Module, turn: Turn) -> Critic:
        """A critic who makes its views itself."""
        return lambda *sample: critic(*self._view(sample, "penalised", turn))

    def _slope(self, critic: Critic, real: Sample, fake: Sample, turn: Turn) -> Tensor | float:
        """What the critic pays for its slope; lazily, as Karras et al. 2020, appendix B."""
        every = self._penalised.every
        if self._penalty is None or turn.index % every:
            return 0.0
        weight = schedule.penalty_weight(self._schedule, self._penalised.weight, turn.step, turn.steps)
        source = turn.stream(f"{self._prefix}penalty")
        with full_precision(turn.device):  # bf16 is too coarse for the gradient of a gradient
            return weight * every * self._penalty(critic, real, fake, self.judged, source)

    def _note(self, turn: Turn, **statistics: Tensor) -> None:
        turn.note(**{self._statistics + name: value for name, value in statistics.items()})


def _detached(sample: Sample) -> Sample:
    return tuple(value.detach() for value in sample)
