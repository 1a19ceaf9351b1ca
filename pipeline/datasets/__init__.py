"""The data sets: one file each, named after its `data.dataset`.

A file holds `Params`, `download(data, raw)`, which brings the original files into the folder `raw`, verified,
each whole or not at all, and `load(data, raw)`, which opens them. It imports what is slow when it is called:
a download that has nothing to do takes no time. One whose second table is made by a change may say it in
`paired(images)`: what would be the other of a pair, uint8 [N, C, H, W] of prepared images.
"""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.params import DataParams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.data.originals import Originals


def names() -> list[str]:
    """The values that `data.dataset` can take."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def params_class(name: str) -> type[DataParams]:
    """The parameters of one data set."""
    return _module(name).Params


def download(data: DataParams, raw: Path) -> None:
    """Bring the original files of a data set into the folder `raw`."""
    _module(data.dataset).download(data, raw)


def load(data: DataParams, raw: Path) -> "Originals":
    """Open what `download` brought; UserError where it is missing or damaged."""
    return _module(data.dataset).load(data, raw)


def paired(name: str) -> "Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None":
    """The change that a data set's second table is made by; None where it has no such thing."""
    return getattr(_module(name), "paired", None)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")
