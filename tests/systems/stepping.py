"""Steps of training on pictures of noise, in any size."""

import numpy as np
import torch

from pipeline.params import Params
from pipeline.systems.base import System
from pipeline.training.distributed import Ranks
from pipeline.training.loop import Loop
from pipeline.training.state import TrainingState
from tests.building import CPU, batches_of, fields_for


def stepped(params: Params, channels: int = 3) -> System:
    """The system after a step on one batch, its averaged weights moved on at random, as if it had learnt."""
    batch, size = params.train.batch, params.data.size
    images = np.random.default_rng(0).integers(0, 256, (batch, channels, size, size), np.uint8)
    state = TrainingState.fresh(params, fields_for(params, channels), CPU)
    loop = Loop(params, state, batches_of(images, np.arange(batch) % 10, batch), torch.float32, Ranks(CPU))
    before = [weight.detach().clone() for weight in state.model.parameters()]
    loop.step()
    moved = [not torch.equal(*pair) for pair in zip(before, state.model.parameters(), strict=True)]
    assert np.mean(moved) > 0.9
    with torch.no_grad():
        for weight in state.model.shipped().parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return state.model
