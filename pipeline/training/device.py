"""Where a run computes, and in what precision."""

from contextlib import AbstractContextManager

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
    """Mixed precision for the forward passes; does nothing in float32."""
    return torch.autocast(device.type, precision, enabled=precision != torch.float32)
