"""A turn without a run, for tests of what a step makes of it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor


def turn_of_two_sets(size: int, notes: dict[str, Tensor], index: int, **more: Any) -> Any:
    """Four square images and four of another kind; `notes` fills with what the step notes."""
    return SimpleNamespace(
        batch={name: torch.rand(4, 1, size, size) * 2 - 1 for name in ("images", "other")},
        index=index,
        stream=lambda purpose: torch.Generator().manual_seed(len(purpose)),
        note=lambda **said: notes.update(said),
        **more,
    )


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
