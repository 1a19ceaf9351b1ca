"""The systems: one file each, named after its `model.kind`, holding `Params` and `Model`."""

import importlib
import pkgutil
from typing import TYPE_CHECKING

from pipeline.fields import Fields
from pipeline.params import ModelParams, Params

if TYPE_CHECKING:  # torch is slow to import, and their names can be had without
    from pipeline.systems.base import System

_NOT_SYSTEMS = {"base", "adversarial"}


def kinds() -> list[str]:
    """The values that `model.kind` can take."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _NOT_SYSTEMS)


def params_class(kind: str) -> type[ModelParams]:
    """The parameters of one system."""
    return importlib.import_module(f"{__name__}.{kind}").Params


def build(params: Params, data: Fields) -> "System":
    """The networks that `params` describes, for a data set of these fields."""
    return importlib.import_module(f"{__name__}.{params.model.kind}").Model(params, data)
