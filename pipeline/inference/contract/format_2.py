"""Metadata of format 2, any network: its inputs and outputs are in the key `fields`, as JSON.

{"inputs": {NAME: {"kind": KIND, "shape": [sides after N], "about": {...}}}, "outputs": {...}}, in the order
of the graph's. What `about` holds is checked by the kind (pipeline/kinds/); "of" may name the data field that
an input or output stands for.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline import kinds
from pipeline.fields import Field, Fields, to_json
from pipeline.inference.contract.format_1 import decoded
from pipeline.inference.errors import InferenceError

FORMAT = "gan-pipeline/2"
KEYS = (
    "name", "kind", "dataset", "params_hash", "data_hash", "code_hash", "opset", "parity", "fields",
)  # fmt: skip


def fields(metadata: Mapping[str, str]) -> tuple[dict[str, Field], dict[str, Field]]:
    """Return the inputs and outputs that `fields` holds, or say what is wrong with them."""
    said = decoded(metadata["fields"])
    if not isinstance(said, dict) or sorted(said) != ["inputs", "outputs"]:
        raise InferenceError("its metadata 'fields' is no JSON object of inputs and outputs")
    return _side("input", said["inputs"]), _side("output", said["outputs"])


def text(inputs: Fields, outputs: Fields) -> str:
    """Return the metadata `fields` that means these."""
    sides = {"inputs": inputs, "outputs": outputs}
    return json.dumps(
        {side: {name: to_json(field) for name, field in found.items()} for side, found in sides.items()}
    )


def _side(side: str, said: Any) -> dict[str, Field]:
    if not isinstance(said, dict) or not said:
        raise InferenceError(f"its metadata 'fields': {side}s is no JSON object of one field or more")
    found = {}
    for name, entry in said.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
            raise InferenceError(f"its metadata 'fields': {side} {name!r} has characters of no name")
        try:
            found[name] = _field(side, entry)
        except InferenceError as error:
            raise InferenceError(f"its metadata 'fields': {side} {name!r}: {error}") from None
    return found


def _field(side: str, entry: Any) -> Field:
    if not isinstance(entry, dict) or not {"kind", "shape"} <= set(entry) <= {"kind", "shape", "about"}:
        raise InferenceError("no JSON object of kind, shape and about")
    kind, shape, about = entry["kind"], entry["shape"], entry.get("about", {})
    if not isinstance(kind, str) or not isinstance(shape, list) or not isinstance(about, dict):
        raise InferenceError("kind is no name, shape no list or about no object")
    if not isinstance(about.get("of", ""), str):
        raise InferenceError(f"'of' is {about['of']!r}: not the name of a data field")
    field = Field(kind, tuple(shape), about)
    kinds.find(kind).check_field(field, side)
    return field
