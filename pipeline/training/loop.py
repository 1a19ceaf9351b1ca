"""The training loop: all of a run that is not mathematics.

The step never waits for the device: statistics gather there and cross to the host once a row of history.
"""

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.swa_utils import get_ema_multi_avg_fn

from pipeline.params import Params, TrainParams
from pipeline.stabilisers.augmentation import augment
from pipeline.stabilisers.historical_averaging import distance_from_history
from pipeline.stabilisers.instance_noise import add_noise, annealed
from pipeline.stabilisers.unrolling import unrolled_generator_loss
from pipeline.streams import draw_latent, seed_of, stream
from pipeline.systems.base import Losses
from pipeline.training.batches import Batches
from pipeline.training.device import autocast
from pipeline.training.distributed import Ranks, running_statistics
from pipeline.training.schedule import Schedule
from pipeline.training.state import STATISTICS, TrainingState


class Loop:
    """Advances a TrainingState step by step."""

    def __init__(
        self,
        params: Params,
        state: TrainingState,
        batches: Batches,
        precision: torch.dtype,
        ranks: Ranks,
    ) -> None:
        self.params = params
        self.state = state
        self.batches = batches
        self.precision = precision
        self.ranks = ranks
        self.device = ranks.device
        self.steps = total_steps(params.train, batches.per_epoch)
        self.schedule = Schedule(params.train.schedule, self.steps)
        state.model.train()
        self._sample = ranks.synchronised(state.model.generator, state.model.sample)
        self._discriminate = ranks.synchronised(state.model.discriminator, self._discriminator_loss)
        self._running_statistics = running_statistics(state.model)

    def step(self) -> None:
        """One generator step after `d_steps` discriminator steps."""
        state, train, model = self.state, self.params.train, self.params.model
        torch.manual_seed(seed_of(self.params.seed, self.ranks.own("dropout"), state.step))
        self._schedule()
        for index in range(state.step * train.d_steps, (state.step + 1) * train.d_steps):
            real, labels = self.batches[index]
            noise = stream(self.params.seed, "latent", index, self.device)
            z = draw_latent(model.latent, train.batch, model.z_dim, noise, self.device)
            with autocast(self.device, self.precision):
                # the last one also serves the generator's step
                fake = self._sample(z[self.batches.share], labels)
                real, shown = self._view(real, "real", index), self._view(fake.detach(), "fake", index)
            d, loss = self._discriminate(real, shown, labels, index)
            self._update(state.discriminator_optimiser, loss)
            self._clip_weights()
        # gradients of the discriminator's weights are not needed for the generator's step
        state.model.discriminator.requires_grad_(False)
        with autocast(self.device, self.precision):
            g = self._generator_loss(real, self._view(fake, "fake to the generator", state.step), labels)
        self._update(state.generator_optimiser, g.loss + self._drift("generator"))
        state.model.discriminator.requires_grad_(True)
        state.total(d, g)
        self.ranks.average([state.totals, *self._running_statistics])
        state.average()
        state.step += 1

    def _schedule(self) -> None:
        """Set what changes over the run to its values at this step."""
        state, train = self.state, self.params.train
        for optimiser, start in (
            (state.generator_optimiser, train.generator),
            (state.discriminator_optimiser, train.discriminator),
        ):
            for group in optimiser.param_groups:
                group["lr"] = state.rate_scale * self.schedule.learning_rate(start.lr, state.step)
                group["betas"] = self.schedule.betas(start.betas, state.step)
        if state.averaged is not None:
            decay = self.schedule.ema_decay(train.ema_half_life, state.step)
            state.averaged.multi_avg_fn = get_ema_multi_avg_fn(decay)

    def _view(self, images: Tensor, purpose: str, index: int) -> Tensor:
        """What the discriminator is shown of `images`: augmented, with noise."""
        chosen = self.params.stabilisers
        if chosen.augmentation:
            source = self._own_stream(f"augmentation of {purpose}", index)
            images = augment(images, chosen.augmentation, source)
        if chosen.instance_noise:
            source = self._own_stream(f"noise on {purpose}", index)
            deviation = annealed(chosen.instance_noise, self.state.step, self.steps)
            images = add_noise(images, deviation, source)
        return images

    def _own_stream(self, purpose: str, index: int) -> torch.Generator:
        """For what is drawn for the images of one rank."""
        return stream(self.params.seed, self.ranks.own(purpose), index, self.device)

    def _discriminator_loss(
        self, real: Tensor, fake: Tensor, labels: Tensor, index: int
    ) -> tuple[Losses, Tensor]:
        """What the game gives, and all that the discriminator pays at its step `index`."""
        with autocast(self.device, self.precision):
            d = self.state.model.discriminator_loss(real, fake, labels)
        extra = self._penalty(real, fake, labels, index) + self._drift("discriminator")
        return d, d.loss + extra

    def _generator_loss(self, real: Tensor, fake: Tensor, labels: Tensor) -> Losses:
        model, ahead = self.state.model, self.params.stabilisers.unrolled_steps
        if ahead:
            optimiser = self.state.discriminator_optimiser
            return unrolled_generator_loss(model, optimiser, ahead, real, fake, labels)
        return model.generator_loss(real, fake, labels)

    def _penalty(self, real: Tensor, fake: Tensor, labels: Tensor, index: int) -> Tensor | float:
        """What the discriminator pays at its step `index`; lazily, as Karras et al. 2020, appendix B."""
        penalty = self.params.objective.penalty
        if penalty.name == "none" or index % penalty.every:
            return 0.0
        source = self._own_stream("penalty", index)
        weight = self.schedule.penalty_weight(penalty.weight, self.state.step)
        # in full precision: bf16 is too coarse for the gradient of a gradient
        return weight * penalty.every * self.state.model.penalty(real, fake, labels, source)

    def _drift(self, name: str) -> Tensor | float:
        """What one of the two networks pays for its distance from its own past."""
        weight, model = self.params.stabilisers.historical_averaging, self.state.model
        if not weight:
            return 0.0
        return weight * distance_from_history(getattr(model, name), self.state.histories[name])

    @torch.no_grad()
    def _clip_weights(self) -> None:
        """Arjovsky et al. 2017, algorithm 1."""
        bound = self.params.objective.weight_clip
        if bound is not None:
            for weight in self.state.model.discriminator.parameters():
                weight.clamp_(-bound, bound)

    def _update(self, optimiser: Optimizer, loss: Tensor) -> None:
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    def row(self) -> dict[str, float]:
        """The means since the last row, as one row of history; waits for the device."""
        state, train = self.state, self.params.train
        means = (state.totals / state.totalled).tolist()
        state.totals.zero_()
        state.totalled = 0
        step = state.step
        row = {
            "step": step,
            "images": step * train.d_steps * train.batch,
            "epoch": round(step * train.d_steps / self.batches.per_epoch, 4),
        }
        row |= {name: round(mean, 5) for name, mean in zip(STATISTICS, means, strict=True)}
        return row | {
            "lr_generator": self.state.generator_optimiser.param_groups[0]["lr"],
            "lr_discriminator": self.state.discriminator_optimiser.param_groups[0]["lr"],
        }


def total_steps(train: TrainParams, batches_per_epoch: int) -> int:
    """Generator steps of the whole run."""
    return train.epochs * batches_per_epoch // train.d_steps
