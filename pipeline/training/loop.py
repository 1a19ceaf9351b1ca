"""The training loop: all of a run that is not mathematics.

The step never waits for the device: statistics gather there and cross to the host once a row of history.
"""

import torch
from torch import Tensor
from torch.optim import Optimizer

from pipeline.params import Params, TrainParams
from pipeline.streams import draw_latent, seed_of, stream
from pipeline.training.batches import Batches
from pipeline.training.device import autocast
from pipeline.training.state import STATISTICS, TrainingState


def learning_rate(start: float, step: int, steps: int, final_share: float) -> float:
    """Linear from `start` to `final_share * start` at the last of `steps` steps."""
    return start * (1 - (1 - final_share) * step / steps)


class Loop:
    """Advances a TrainingState step by step."""

    def __init__(
        self, params: Params, state: TrainingState, batches: Batches, precision: torch.dtype
    ) -> None:
        self.params = params
        self.state = state
        self.batches = batches
        self.precision = precision
        self.device = batches.images.device
        self.steps = total_steps(params.train, batches.per_epoch)
        state.model.train()

    def step(self) -> None:
        """One generator step after `d_steps` discriminator steps."""
        state, train = self.state, self.params.train
        torch.manual_seed(seed_of(self.params.seed, "dropout", state.step))
        for index in range(state.step * train.d_steps, (state.step + 1) * train.d_steps):
            real, labels = self.batches[index]
            noise = stream(self.params.seed, "latent", index, self.device)
            z = draw_latent(self.params.model.latent, len(real), self.params.model.z_dim, noise, self.device)
            with autocast(self.device, self.precision):
                fake = state.model.sample(z, labels)  # the last one also serves the generator's step
                d = state.model.discriminator_loss(real, fake.detach(), labels)
            loss = d.loss + self._penalty(real, fake.detach(), labels, index)
            self._update(state.discriminator_optimiser, loss, train.discriminator.lr)
            self._clip_weights()
        # gradients of the discriminator's weights are not needed for the generator's step
        state.model.discriminator.requires_grad_(False)
        with autocast(self.device, self.precision):
            g = state.model.generator_loss(real, fake, labels)
        self._update(state.generator_optimiser, g.loss, train.generator.lr)
        state.model.discriminator.requires_grad_(True)
        if state.averaged is not None:
            state.averaged.update_parameters(state.model.generator)
        state.step += 1
        probabilities = [
            logits.detach().sigmoid().mean() for logits in (d.real_logits, d.fake_logits, g.fake_logits)
        ]
        state.totals += torch.stack([d.loss.detach(), g.loss.detach(), *probabilities])
        state.totalled += 1

    def _penalty(self, real: Tensor, fake: Tensor, labels: Tensor, index: int) -> Tensor | float:
        """What the discriminator pays at its step `index`; lazily, as Karras et al. 2020, appendix B."""
        penalty = self.params.objective.penalty
        if penalty.name == "none" or index % penalty.every:
            return 0.0
        source = stream(self.params.seed, "penalty", index, self.device)
        # in full precision: bf16 is too coarse for the gradient of a gradient
        return penalty.weight * penalty.every * self.state.model.penalty(real, fake, labels, source)

    @torch.no_grad()
    def _clip_weights(self) -> None:
        """Arjovsky et al. 2017, algorithm 1."""
        bound = self.params.objective.weight_clip
        if bound is not None:
            for weight in self.state.model.discriminator.parameters():
                weight.clamp_(-bound, bound)

    def _update(self, optimiser: Optimizer, loss: Tensor, lr: float) -> None:
        for group in optimiser.param_groups:
            rate = learning_rate(lr, self.state.step, self.steps, self.params.train.lr_final)
            group["lr"] = rate * self.state.rate_scale
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
