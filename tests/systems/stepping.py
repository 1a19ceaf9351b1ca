"""Small models of a preset in any size, and steps of training on pictures of noise."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.params import Params
from pipeline.systems.base import System
from pipeline.training.distributed import Ranks
from pipeline.training.loop import Loop
from pipeline.training.state import TrainingState
from tests.building import CPU, batches_of, build, fields_for
from tests.conftest import tiny, write_params
from tests.training.test_step import Reference


def params_of(preset: str, folder: Path, size: int = 32, **changes: Any) -> Params:
    """A tiny preset of colour pictures in another size, `changes` made to its model, in batches of four."""
    content = tiny(preset)
    content["data"] |= {"size": size, "channels": 3}
    content["model"] |= changes
    content["train"]["batch"] = 4
    return write_params(content, folder)


def built(preset: str, folder: Path, size: int = 32, **changes: Any) -> System:
    """Its model with first weights, for ten classes."""
    torch.manual_seed(0)
    return build(params_of(preset, folder, size, **changes), 3, 10)


def stepped(params: Params, channels: int = 3) -> System:
    """The system after a step on one batch, its averaged weights moved on at random, as if it had learnt."""
    batch, size = params.train.batch, params.data.size
    images = np.random.default_rng(0).integers(0, 256, (batch, channels, size, size), np.uint8)
    state = TrainingState.fresh(params, fields_for(params, channels), CPU)
    loop = Loop(params, state, batches_of(images, np.arange(batch) % 10, batch), torch.float32, Ranks(CPU))
    players = state.model.players()
    before = {name: Reference.vector(player) for name, player in players.items()}
    loop.step()
    for name, player in players.items():
        after = Reference.vector(player)
        assert torch.isfinite(after).all()
        assert not torch.equal(after, before[name])
    with torch.no_grad():
        for weight in state.model.shipped().parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return state.model
