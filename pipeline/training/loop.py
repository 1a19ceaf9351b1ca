"""The training loop: all of a run that is not mathematics.

The step never waits for the device: statistics gather there and cross to the host once a row of history.
"""

import torch
from torch import Tensor
from torch.autograd.graph import increment_version
from torch.optim.swa_utils import get_ema_multi_avg_fn

from pipeline import schedule
from pipeline.params import Params, TrainParams
from pipeline.stabilisers.historical_averaging import distance_from_history
from pipeline.streams import seed_of
from pipeline.training.batches import Batches
from pipeline.training.device import autocast
from pipeline.training.distributed import Ranks, running_statistics
from pipeline.training.state import TrainingState
from pipeline.turn import Turn


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
        state.model.train()
        self._players = state.model.players()
        self._weights = {name: list(player.parameters()) for name, player in self._players.items()}
        self._running_statistics = running_statistics(state.model)

    def step(self) -> None:
        """Let the system make its moves on its batches."""
        state, rounds = self.state, self.state.model.rounds
        torch.manual_seed(seed_of(self.params.seed, "dropout" + self.ranks.own, state.step))
        self._schedule()
        notes: dict[str, Tensor] = {}
        turns = [self._turn(index, notes) for index in range(state.step * rounds, (state.step + 1) * rounds)]
        moves = state.model.step(turns)
        while True:
            # once a move: the casts of weights that one has changed are stale in the next
            with autocast(self.device, self.precision):
                move = next(moves, None)
            if move is None:
                break
            self._update(*move)
        state.total(notes)
        self.ranks.average([state.totals, *self._running_statistics])
        state.average()
        state.step += 1

    def _turn(self, index: int, notes: dict[str, Tensor]) -> Turn:
        return Turn(
            batch=self.batches[index],
            index=index,
            step=self.state.step,
            steps=self.steps,
            optimisers=self.state.optimisers,
            seed=self.params.seed,
            device=self.device,
            size=self.params.train.batch,
            share=self.batches.share,
            own=self.ranks.own,
            notes=notes,
        )

    def _schedule(self) -> None:
        """Set what changes over the run to its values at this step."""
        state, train = self.state, self.params.train
        for name, optimiser in state.optimisers.items():
            start = train.players[name]
            for group in optimiser.param_groups:
                rate = schedule.learning_rate(train.schedule, start.lr, state.step, self.steps)
                group["lr"] = state.rate_scale * rate
                group["betas"] = schedule.betas(train.schedule, start.betas, state.step, self.steps)
        if state.averaged is not None:
            decay = schedule.ema_decay(train.schedule, train.ema_half_life, state.step, self.steps)
            state.averaged.multi_avg_fn = get_ema_multi_avg_fn(decay)

    def _update(self, name: str, loss: Tensor) -> None:
        """Make a player's move: the gradient of its weights alone, the mean over all ranks, a step."""
        optimiser, weights = self.state.optimisers[name], self._weights[name]
        optimiser.zero_grad(set_to_none=True)
        (loss + self._drift(name)).backward(inputs=weights)
        self.ranks.average([weight.grad for weight in weights if weight.grad is not None])
        optimiser.step()
        increment_version(weights)  # fused Adam does not say so: going back through old weights must raise

    def _drift(self, name: str) -> Tensor | float:
        """What a player pays for its distance from its own past."""
        if name not in self.state.histories:
            return 0.0
        weight = self.params.stabilisers.historical_averaging
        return weight * distance_from_history(self._players[name], self.state.histories[name])

    def row(self) -> dict[str, float]:
        """The means since the last row, as one row of history; waits for the device."""
        state, rounds = self.state, self.state.model.rounds
        counts, step = state.counts, state.step
        means = (state.totals / state.totals.new_tensor(counts).clamp(min=1)).tolist()
        state.totals.zero_()
        state.counts = [0] * len(counts)
        row = {
            "step": step,
            "images": step * rounds * self.params.train.batch,
            "epoch": round(step * rounds / self.batches.per_epoch, 4),
        }
        found = zip(state.model.statistics, means, counts, strict=True)
        row |= {name: round(mean, 5) for name, mean, count in found if count}
        rates = {name: optimiser.param_groups[0]["lr"] for name, optimiser in state.optimisers.items()}
        return row | {f"lr_{name}": rate for name, rate in rates.items()}


def total_steps(train: TrainParams, batches_per_epoch: int) -> int:
    """Steps of the whole run."""
    return train.epochs * batches_per_epoch // (train.d_steps or 1)
