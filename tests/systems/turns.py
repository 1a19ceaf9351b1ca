"""A turn without a run, for tests of what a step makes of it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor


def turn_of(draw: Callable[..., Tensor], **more: Any) -> Any:
    """Six images of 8x8 and their labels, all 0; `notes` fills with what the step notes."""
    notes: dict[str, Tensor] = {}
    return SimpleNamespace(
        batch={"images": torch.rand(6, 1, 8, 8) * 2 - 1, "labels": torch.zeros(6, dtype=torch.int64)},
        index=0,
        optimisers={"discriminator": None},
        draw=draw,
        note=lambda **said: notes.update(said),
        notes=notes,
        **more,
    )
