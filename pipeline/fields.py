"""A field: one tensor that crosses a border (data set, ONNX file, command line). Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Field:
    """What a tensor is: its kind, its shape after N, and what there is to say about it."""

    kind: str
    shape: tuple[int | str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


def latent(z_dim: int, distribution: str) -> Field:
    """Noise z [N, z_dim], `normal`: from N(0, 1); `uniform`: from [0, 1)."""
    return Field("latent", (z_dim,), {"distribution": distribution})
