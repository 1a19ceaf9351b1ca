"""Attributes with their steps, as a JSON file that belongs to one generator."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.inference import files
from pipeline.inference.contract.attributes import Attribute
from pipeline.inference.contract.description import Description
from pipeline.inference.errors import InferenceError

FORMAT = "gan-attributes/1"
MAX_BYTES = 2**26
NUMBERS = ("mean", "deviation", "low", "high")
MAYBE = ("spearman", "moved")


def write(attributes: Sequence[Attribute], description: Description, path: Path) -> None:
    """Write {"format", "model": {...}, "attributes": [{...}]}; a step is a list of z_dim numbers."""
    told = [vars(attribute) | {"step": attribute.step.tolist()} for attribute in attributes]
    content = {"format": FORMAT, "model": _model(description), "attributes": told}
    with files.appearing(path) as part:
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read(path: Path, description: Description) -> list[Attribute]:
    """Return what `write` wrote; InferenceError where it is damaged, or of another generator."""
    try:
        content = json.loads(files.read_at_most(path, MAX_BYTES))
        if content["format"] != FORMAT:
            raise ValueError
        model, found = content["model"], [_attribute(told) for told in content["attributes"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InferenceError(f"{path}: not a file that `gan-infer attributes` wrote") from None
    if model != _model(description) or any(each.step.shape != (description.z_dim,) for each in found):
        raise InferenceError(f"{path}: of another generator; run `gan-infer attributes` on this one")
    return found


def _model(description: Description) -> dict[str, str]:
    """What tells one generator from another."""
    return {key: getattr(description, key) for key in ("name", "params_hash", "data_hash", "code_hash")}


def _attribute(told: dict[str, Any]) -> Attribute:
    numbers = {key: float(told[key]) for key in NUMBERS}
    numbers |= {key: None if told[key] is None else float(told[key]) for key in MAYBE}
    step = np.array(told["step"], np.float32)
    finite = all(value is None or math.isfinite(value) for value in numbers.values())
    if not (finite and np.isfinite(step).all() and isinstance(told["name"], str)):
        raise ValueError
    return Attribute(name=told["name"], unit=str(told["unit"]), step=step, **numbers)
