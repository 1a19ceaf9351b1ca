"""Metadata of format 1, a generator from noise: z, where there are classes a label -> image."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline.fields import Field, latent
from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared.noise import DISTRIBUTIONS

FORMAT = "gan-pipeline/1"
VALUE_RANGE = "[-1, 1]"
KEYS = (
    "name", "kind", "dataset", "classes", "z_dim", "latent", "image_shape", "value_range",
    "params_hash", "data_hash", "code_hash", "opset", "parity",
)  # fmt: skip


def fields(metadata: Mapping[str, str]) -> tuple[dict[str, Field], dict[str, Field]]:
    """Return the inputs and outputs that the metadata mean, or say what is wrong with them."""
    for key, allowed in (("latent", DISTRIBUTIONS), ("value_range", (VALUE_RANGE,))):
        if metadata[key] not in allowed:
            known = " or ".join(allowed)
            raise InferenceError(f"its metadata {key!r} is {metadata[key]!r}: known is {known}")
    classes = _classes(metadata["classes"])
    inputs = {"z": latent(_z_dim(metadata["z_dim"]), metadata["latent"])}
    if classes:
        inputs["label"] = Field("label", (), {"classes": classes})
    return inputs, {"image": Field("image", _image_shape(metadata["image_shape"]), {"range": [-1, 1]})}


def decoded(text: str) -> Any:
    """Decode JSON; None stands for text that is not JSON, which no key allows either."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _classes(text: str) -> list[str]:
    names = decoded(text)
    if not isinstance(names, list) or not all(
        isinstance(name, str) and name and name.isprintable() for name in names
    ):
        raise InferenceError("its metadata 'classes' is no JSON list of class names")
    return names


def _z_dim(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise InferenceError(f"its metadata 'z_dim' is {text!r}: not a whole number above 0")
    return int(text)


def _image_shape(text: str) -> tuple[int, int, int]:
    shape = decoded(text)
    whole = isinstance(shape, list) and len(shape) == 3 and all(type(side) is int for side in shape)
    if not whole or shape[0] not in (1, 3) or min(shape) < 1:
        raise InferenceError(f"its metadata 'image_shape' is {text!r}: not [C, H, W] with C = 1 or 3")
    return tuple(shape)
