"""The pipeline's own training loop, made to be timed or counted."""

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.params import Params
from pipeline.training.batches import Batches
from pipeline.training.device import choose_precision
from pipeline.training.distributed import Ranks
from pipeline.training.loop import Loop
from pipeline.training.state import TrainingState


def loop_of(params: Params, images: np.ndarray, labels: np.ndarray, device: torch.device) -> Loop:
    """The pipeline's own loop at its first step."""
    batches = Batches(images, labels, params.train.batch, params.seed, device)
    state = TrainingState.fresh(params, images.shape[1], 10, device)
    return Loop(params, state, batches, choose_precision(params.train, device), Ranks(device))


def step_flops(loop: Loop) -> float:
    """FLOPs a step, counted over as many steps as lie from one lazy penalty to the next."""
    steps = loop.params.objective.penalty.every
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = NoModules()
    with counter:
        for _ in range(steps):
            loop.step()
    return counter.get_total_flops() / steps


class NoModules:
    """In place of the counter's own look at modules, which fails at gradients with respect to images."""

    parents = ("Global",)

    def __enter__(self) -> None: ...

    def __exit__(self, *exception: object) -> None: ...
