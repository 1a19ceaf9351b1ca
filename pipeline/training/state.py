"""All that a run is at one step, as one object that is saved, loaded and resumed."""

import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.optim import Adam, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pipeline import models
from pipeline.errors import RunError
from pipeline.files import atomic_path
from pipeline.models.base import GAN
from pipeline.params import OptimiserParams, Params
from pipeline.streams import seed_of


@dataclass
class TrainingState:
    """Networks, averaged generator, optimisers, step and history (random streams have no state)."""

    model: GAN
    averaged: AveragedModel | None
    generator_optimiser: Optimizer
    discriminator_optimiser: Optimizer
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    tracking_run: str | None = None

    @classmethod
    def fresh(
        cls, params: Params, channels: int, classes: int, steps: int, device: torch.device
    ) -> "TrainingState":
        """The state before the first of `steps` steps."""
        with torch.random.fork_rng():
            torch.manual_seed(seed_of(params.seed, "init"))
            model = models.build(params, channels, classes)
        model.to(device, memory_format=torch.channels_last)
        averaged = None
        if params.train.ema_half_life:
            decay = 0.5 ** (1 / (params.train.ema_half_life * steps))
            averaged = AveragedModel(
                model.generator, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True
            )
        return cls(
            model,
            averaged,
            _adam(model.generator, params.train.generator),
            _adam(model.discriminator, params.train.discriminator),
        )

    @property
    def exported_generator(self) -> torch.nn.Module:
        """The generator that ships: the averaged one where there is one."""
        return self.averaged.module if self.averaged is not None else self.model.generator

    def _parts(self) -> dict[str, Any]:
        parts = {
            "model": self.model,
            "generator_optimiser": self.generator_optimiser,
            "discriminator_optimiser": self.discriminator_optimiser,
        }
        return parts | ({"averaged": self.averaged} if self.averaged is not None else {})

    def save(self, path: Path) -> None:
        """Write everything to one file, whole or not at all."""
        content = {name: part.state_dict() for name, part in self._parts().items()}
        content |= {"step": self.step, "history": self.history, "tracking_run": self.tracking_run}
        with atomic_path(path) as part:
            torch.save(content, part)

    def load(self, path: Path) -> None:
        """Take over what `save` wrote."""
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise RunError(f"{path}: this saved state is damaged; delete it to start afresh") from error
        for name, part in self._parts().items():
            part.load_state_dict(content[name])
        self.step, self.history = content["step"], content["history"]
        self.tracking_run = content["tracking_run"]


def _adam(network: torch.nn.Module, params: OptimiserParams) -> Adam:
    return Adam(network.parameters(), lr=params.lr, betas=params.betas, fused=True)
