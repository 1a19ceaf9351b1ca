"""Several processes that train one model together; torchrun starts them and says which is which.

Each ("rank") takes its share of every batch and makes the same step, so that all hold the same state to the
bit; only the first writes and speaks. Alone, a process is the first of one, and nothing here does anything.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from pipeline.errors import RunError, Stopped, UserError
from pipeline.params import TrainParams
from pipeline.training.device import choose_device

NORMS = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d


@dataclass(frozen=True)
class Ranks:
    """The processes of one run as seen by one of them, and the device that is its own."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Is this the one that writes and speaks?"""
        return self.rank == 0

    def share(self, batch: int) -> slice:
        """This rank's part of a batch that `size` divides."""
        each = batch // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    @property
    def own(self) -> str:
        """What sets the purposes of this rank's random streams apart from the others'."""
        return "" if self.size == 1 else f", rank {self.rank} of {self.size}"

    def average(self, values: list[Tensor]) -> None:
        """Replace each of `values`, on the device, by its mean over all ranks."""
        if self.size == 1:
            return
        together = torch.cat([value.flatten() for value in values])
        dist.all_reduce(together)
        means = (together / self.size).split([value.numel() for value in values])
        for value, mean in zip(values, means, strict=True):
            value.copy_(mean.view_as(value))

    def any(self, wish: bool) -> bool:
        """Does any rank wish it? All get the same answer, and none before all have asked."""
        if self.size == 1:
            return wish
        wishes = torch.tensor(int(wish))
        dist.all_reduce(wishes, dist.ReduceOp.MAX)
        return bool(wishes)

    def wait(self) -> None:
        """Until all ranks are here."""
        self.any(False)

    def of_first(self, value: Any) -> Any:
        """What `value` is on the first rank."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values)
        return values[0]

    def join_batch_norms(self, model: nn.Module) -> None:
        """Let batch norms measure the batch of all ranks; torch can do so on CUDA alone."""
        if self.size > 1 and self.device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(model)


def running_statistics(model: nn.Module) -> list[Tensor]:
    """Those of the batch norms that measure one rank's share alone."""
    norms = [layer for layer in model.modules() if isinstance(layer, NORMS)]
    return [value for norm in norms for value in (norm.running_mean, norm.running_var)]


def under_torchrun() -> bool:
    """Was this process started as one of a group?"""
    return "RANK" in os.environ


@contextmanager
def joined(params: TrainParams) -> Iterator[Ranks]:
    """Meet the other processes of the run, or go alone where there are none.

    UserError where there are not `processes` of them, or not a device for each; RunError when one is lost.
    """
    size = int(os.environ["WORLD_SIZE"]) if under_torchrun() else 1
    if size != params.processes:
        raise UserError(
            f"train.processes: {params.processes} in params.yaml, but {size} started; make them equal"
        )
    device = choose_device(params.device)
    if size == 1:
        yield Ranks(device)
        return
    device = _device_of(int(os.environ["LOCAL_RANK"]), device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    ranks = Ranks(device, dist.get_rank(), size)
    try:
        yield ranks
    except Stopped:
        ranks.wait()  # for the first to save, and to close what it tracks: torchrun ends all with any one
        if ranks.first:
            raise
        sys.exit(130)  # the first says it for all
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error):
            raise
        raise RunError(f"rank {ranks.rank}: another process of this run is gone; start it again") from error
    dist.destroy_process_group()


def _device_of(local_rank: int, device: torch.device) -> torch.device:
    """The device of one of the processes on this host."""
    if device.type == "mps":
        raise UserError("train.device: mps serves one process; set train.processes to 1, or device to cpu")
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if local_rank >= count:
            raise UserError(f"train.processes: more processes than GPUs on this host, which has {count}")
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    return device


def launch(processes: int, module: str) -> None:
    """Do what `torchrun --standalone --nproc-per-node PROCESSES -m MODULE` does, without its report.

    If one failed, this process ends with the exit code of the first that did.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, torch.get_num_threads() // processes)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=module,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    try:
        elastic_launch(config, sys.executable)("-m", module)
    except SignalException:  # passed on to all, which have saved
        sys.exit(130)
    except ChildFailedError as error:
        code = error.get_first_failure()[1].exitcode
        sys.exit(code if code >= 0 else 128 - code)  # as a shell tells of a signal
