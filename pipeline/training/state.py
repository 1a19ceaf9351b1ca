"""All that a run is at one step, as one object that is saved, loaded and resumed."""

import hashlib
import io
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pipeline import systems
from pipeline.errors import RunError
from pipeline.fields import Fields
from pipeline.files import atomic_path
from pipeline.params import OptimiserParams, Params
from pipeline.pixels import channels_last
from pipeline.stabilisers.historical_averaging import history_of
from pipeline.streams import seed_of
from pipeline.systems.base import System

# saved as they are
_VALUES = ("totals", "counts", "step", "history", "rate_scale", "rollbacks", "tracking_run")


@dataclass
class TrainingState:
    """Networks, averages, optimisers, step and history (random streams have no state)."""

    model: System
    averaged: AveragedModel | None  # of what ships
    optimisers: dict[str, Optimizer]  # by player
    histories: dict[str, AveragedModel]  # the mean of all past weights of each player, if it is asked for
    totals: Tensor  # the sum of each statistic over the steps since the last row of history
    counts: list[int]  # of those steps, in how many each was noted
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    rate_scale: float = 1.0  # of all learning rates: halved at each roll-back
    rollbacks: list[dict[str, Any]] = field(default_factory=list)  # what went wrong, where, and back to where
    tracking_run: str | None = None

    @classmethod
    def fresh(cls, params: Params, data: Fields, device: torch.device) -> "TrainingState":
        """The state before the first step, for a data set of these fields."""
        with torch.random.fork_rng():
            torch.manual_seed(seed_of(params.seed, "init"))
            model = systems.build(params, data)
        channels_last(model.to(device))
        averaged = None
        if params.train.ema_half_life:
            # the loop sets the decay at every step
            averaged = AveragedModel(model.shipped(), multi_avg_fn=get_ema_multi_avg_fn(), use_buffers=True)
        players, chosen = model.players(), params.stabilisers
        remembers = chosen is not None and chosen.historical_averaging
        return cls(
            model,
            averaged,
            {
                name: _adam(player, params.train.players[name], params.model.adam_epsilon)
                for name, player in players.items()
            },
            {name: history_of(player) for name, player in players.items()} if remembers else {},
            torch.zeros(len(model.statistics), device=device),
            [0] * len(model.statistics),
        )

    @property
    def shipped(self) -> nn.ModuleDict:
        """The networks that ship: the averaged ones where there are some."""
        return self.averaged.module if self.averaged is not None else self._trained

    @cached_property
    def _trained(self) -> nn.ModuleDict:
        """The same as they train: gathered once, for every step averages them."""
        return self.model.shipped()

    def _parts(self) -> dict[str, Any]:
        parts: dict[str, Any] = {"model": self.model}
        parts |= {f"optimiser of the {name}": optimiser for name, optimiser in self.optimisers.items()}
        parts |= {f"history of the {name}": history for name, history in self.histories.items()}
        return parts | ({"averaged": self.averaged} if self.averaged is not None else {})

    def is_finite(self) -> bool:
        """Whether every weight and the sums of the losses are numbers; waits for the device."""
        tensors = [*self.model.parameters(), *self.model.buffers(), self.totals]
        return bool(torch.stack([tensor.isfinite().all() for tensor in tensors]).all())

    def average(self) -> None:
        """Take the present weights into all averages."""
        if self.averaged is not None:
            self.averaged.update_parameters(self._trained)
        players = self.model.players() if self.histories else {}
        for name, history in self.histories.items():
            history.update_parameters(players[name])

    def total(self, notes: dict[str, Tensor]) -> None:
        """Take one step's statistics into the sums, without waiting for the device."""
        names = self.model.statistics
        self.totals += torch.stack([notes.get(name, self.totals.new_zeros(())) for name in names])
        self.counts = [count + (name in notes) for count, name in zip(self.counts, names, strict=True)]

    def to_bytes(self) -> bytes:
        """Everything, for `from_bytes`."""
        content = {name: part.state_dict() for name, part in self._parts().items()}
        content |= {name: getattr(self, name) for name in _VALUES}
        data = io.BytesIO()
        torch.save(content, data)
        return data.getvalue()

    def save(self, path: Path) -> None:
        """Write everything to one file, whole or not at all; what was there stays as `previous`."""
        data = self.to_bytes()
        with atomic_path(path) as part:
            part.write_bytes(hashlib.sha256(data).digest() + data)
            if path.exists():
                os.replace(path, previous(path))

    def load(self, *paths: Path) -> list[Path]:
        """Take over the first intact state of those that `save` wrote; return the damaged ones before it.

        RunError if all are damaged. Without any the state stays as it is.
        """
        damaged = []
        for candidate in paths:
            if candidate.exists():
                data = candidate.read_bytes()
                if hashlib.sha256(data[32:]).digest() == data[:32]:
                    self.from_bytes(data[32:])
                    return damaged
                damaged.append(candidate)
        if damaged:
            names = " and ".join(map(str, damaged))
            raise RunError(f"{names}: damaged, and there is no other saved state; delete to start afresh")
        return []

    def from_bytes(self, data: bytes) -> None:
        """Take over what `to_bytes` gave."""
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(content[name])
        for name in _VALUES:
            setattr(self, name, content[name])
        self.totals = self.totals.to(next(self.model.parameters()).device)


def previous(path: Path) -> Path:
    """Where the state before the one at `path` is."""
    return path.with_stem(f"{path.stem}-previous")


def _adam(network: torch.nn.Module, params: OptimiserParams, epsilon: float) -> Adam:
    return Adam(network.parameters(), lr=params.lr, betas=params.betas, eps=epsilon, fused=True)
