"""How fast this machine is: the steps of a training, and of the judges', tried for a few seconds."""

import time
from collections.abc import Callable

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from pipeline.fields import image, label
from pipeline.params import JudgeParams, Params
from pipeline.scoring.judges.judge import judge_device, shape_of
from pipeline.scoring.judges.networks import ARCHITECTURES, initialise
from pipeline.scoring.judges.training import fit
from pipeline.training.batches import Batches, Table
from pipeline.training.device import choose_device, choose_precision
from pipeline.training.distributed import Ranks
from pipeline.training.loop import Loop
from pipeline.training.state import TrainingState

SECONDS = 2.0  # that each trial takes, warm
BUSY = 0.1  # share of the processors' time that is idle: below, others want what is measured here
WARM_UP, STEPS = 2, 4  # steps; a lazy penalty comes at one of four
JUDGED = 512  # images that a judge is tried on


class Stopwatch:
    """Seconds that work takes where no other program wants the processors.

    Where they are busy with others that is the process's own time, shared by its threads; work on a GPU is
    timed by the clock.
    """

    def __init__(self, device: torch.device) -> None:
        self._own = device.type == "cpu"
        self._began = self._read()

    def _read(self) -> tuple[float, float, float, float]:
        spent = psutil.cpu_times()
        return time.perf_counter(), time.process_time(), spent.idle, sum(spent)

    @property
    def clock(self) -> float:
        """Seconds that went by."""
        return time.perf_counter() - self._began[0]

    @property
    def seconds(self) -> float:
        """Seconds without others."""
        clock, own, idle, every = (now - then for now, then in zip(self._read(), self._began, strict=True))
        if not self._own or idle > BUSY * every:
            return clock
        return min(clock, own / min(torch.get_num_threads(), psutil.cpu_count()))


def trained_a_second(params: Params, channels: int, classes: int) -> float:
    """Images a second of the training that `params` describe, on pictures of noise."""
    size, batch = params.data.size, params.train.batch
    device = choose_device(params.train.device)
    shape = (2 * batch * (params.train.d_steps or 1), channels, size, size)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    loop = loop_of(params, images, np.arange(len(images)) % max(classes, 1), classes, device)
    return batch * loop.state.model.rounds * _a_second(loop.step, device)


def loop_of(
    params: Params, images: NDArray[np.uint8], labels: NDArray[np.int64], classes: int, device: torch.device
) -> Loop:
    """The training loop at its first step, on images [N, C, size, size] with labels [N]."""
    table = Table({"images": images, "labels": labels}, None, device)
    names = [str(number) for number in range(classes)]
    state = TrainingState.fresh(params, {"images": image(*images.shape[1:3]), "labels": label(names)}, device)
    batches = Batches([table], params.train.batch, params.seed)
    return Loop(params, state, batches, choose_precision(params.train, device), Ranks(device))


def _a_second(step: Callable[[], object], device: torch.device) -> float:
    """How often it is done."""
    for _ in range(WARM_UP):
        step()
    wait(device)
    watch, count = Stopwatch(device), 0
    while watch.clock < SECONDS or count < STEPS:
        step()
        wait(device)
        count += 1
    return count / watch.seconds


def wait(device: torch.device) -> None:
    """Let the device finish what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def judged_in(judge: JudgeParams, channels: int, size: int, classes: int) -> float:
    """Seconds for an image and an epoch of a judge's training."""
    shape = shape_of((channels, size, size), [str(number) for number in range(classes)])
    images = np.random.default_rng(0).integers(0, 256, (JUDGED, channels, size, size), np.uint8)
    labels = np.arange(JUDGED) % classes if classes else None
    network = initialise(ARCHITECTURES[judge.architecture](shape), 0)
    tried = judge.model_copy(update={"epochs": 1})
    fit(network, images[:256], labels if labels is None else labels[:256], tried, title="warm up")
    watch = Stopwatch(judge_device())
    fit(network, images, labels, tried, title=f"try the judge {judge.architecture}")
    return watch.seconds / JUDGED
