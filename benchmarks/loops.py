"""The pipeline's own training loop and the notebook's, made to be timed or counted."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.notebook import Notebook
from benchmarks.runs import ROOT
from pipeline.data.prepare import prepare
from pipeline.data.prepared import Prepared
from pipeline.datasets import download
from pipeline.loading import load
from pipeline.params import Params
from pipeline.places import prepared_dir, raw_dir
from pipeline.planning import machine
from pipeline.training.loop import Loop


def prepared_digits() -> Prepared:
    """MNIST at 32x32 where it is prepared, else the bundled digits."""
    data = preset("cdcgan").data
    if (ROOT / prepared_dir(data)).exists():
        return Prepared.open(ROOT / prepared_dir(data))
    bundled = data.model_copy(update={"dataset": "digits", "test_fraction": 0.2})
    folder = Path(tempfile.mkdtemp())
    download(bundled, folder / raw_dir(bundled))
    return prepare(bundled, folder / raw_dir(bundled), folder / prepared_dir(bundled))


def preset(name: str, **changes: dict[str, Any]) -> Params:
    """One preset, with some parameters of its sections changed: preset("cdcgan", train={"epochs": 2})."""
    params = load(ROOT / "presets" / f"{name}.yaml")
    changed = {key: getattr(params, key).model_copy(update=values) for key, values in changes.items()}
    return params.model_copy(update=changed)


def same_network(
    images: np.ndarray, labels: np.ndarray, width: int, device: torch.device
) -> tuple[Loop, Notebook]:
    """`cdcgan-classic` in the pipeline's loop and in the notebook's, on uint8 images [N, 1, 32, 32]."""
    params = preset("cdcgan-classic", model={"width": width})
    loop = loop_of(params, images, labels, device)
    notebook = Notebook(images[:, 0, 2:-2, 2:-2], labels, width, params.train.batch, device)
    for ours, theirs in (
        (loop.state.model.generator, notebook.generator),
        (loop.state.model.discriminator, notebook.discriminator),
    ):
        sizes = [sum(weight.numel() for weight in network.parameters()) for network in (ours, theirs)]
        if sizes[0] != sizes[1]:
            raise SystemExit(f"the networks differ: {sizes[0]:,} weights here, {sizes[1]:,} in the notebook")
    return loop, notebook


def loop_of(params: Params, images: np.ndarray, labels: np.ndarray, device: torch.device) -> Loop:
    """The pipeline's own loop at its first step, on images of ten classes."""
    return machine.loop_of(params, images, labels, 10, device)


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
