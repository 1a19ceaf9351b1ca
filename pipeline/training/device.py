"""Where a run computes, with how much memory, and in what precision."""

import math
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch

from pipeline.errors import UserError
from pipeline.params import TrainParams


def choose_device(wanted: str) -> torch.device:
    """The device that params.yaml asks for; `auto` takes CUDA, then MPS, then the CPU."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        wanted = next(name for name, there in available.items() if there)
    if not available[wanted]:
        there = ", ".join(name for name, is_there in available.items() if is_there)
        raise UserError(f"train.device: {wanted} is not available here; use auto, or one of: {there}")
    return torch.device(wanted)


def settle_vector_functions() -> None:
    """Let MKL choose its vector functions in one thread, before two ask for them at once.

    Else one of them may compute the first call that they share to 15 bits (of `tanh` in 1 of 12 processes of
    torch 2.13): after a resume the first images, and so the model, would be others.
    """
    for function in (torch.tanh, torch.exp):
        function(torch.zeros(1))


def memory(device: torch.device) -> float:
    """Bytes that a run may fill: the GPU's, or the machine's within the limits set on this process."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[1]
    if sys.platform == "win32":  # which tells neither; there all data sets are taken for small
        return math.inf
    import resource  # not on Windows

    limits = [resource.getrlimit(resource.RLIMIT_DATA)[0]]
    # a container's, by the second and the first version of Linux's control groups
    for file in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        limit = file.read_text().strip() if file.exists() else "max"
        limits.append(resource.RLIM_INFINITY if limit == "max" else int(limit))
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(whole, *(limit for limit in limits if limit != resource.RLIM_INFINITY))


def choose_precision(params: TrainParams, device: torch.device) -> torch.dtype:
    """float32, or bfloat16 for autocast; `auto` takes bfloat16 where the hardware multiplies in it."""
    if params.precision != "auto":
        return torch.bfloat16 if params.precision == "bf16" else torch.float32
    native = {
        "cuda": lambda: torch.cuda.is_bf16_supported(including_emulation=False),
        # AVX512-BF16 without AMX ran convolutions at half the rate of float32 (measured, Intel Xeon)
        "cpu": torch.cpu._is_amx_tile_supported,
        "mps": lambda: False,
    }
    return torch.bfloat16 if native[device.type]() else torch.float32


def autocast(device: torch.device, precision: torch.dtype) -> AbstractContextManager[None]:
    """Mixed precision for the forward passes; nothing in float32."""
    return nullcontext() if precision == torch.float32 else torch.autocast(device.type, precision)
