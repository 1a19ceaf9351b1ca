"""What an exported generator says about itself, checked against what it is."""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared.noise import DISTRIBUTIONS

FORMAT = "gan-pipeline/1"
VALUE_RANGE = "[-1, 1]"
KEYS = (
    "name", "kind", "dataset", "classes", "z_dim", "latent", "image_shape", "value_range",
    "params_hash", "data_hash", "code_hash", "opset", "parity",
)  # fmt: skip


@dataclass(frozen=True)
class Description:
    """The metadata of one exported generator; `classes` is empty where it takes no label."""

    name: str
    kind: str
    dataset: str
    classes: tuple[str, ...]
    z_dim: int
    latent: str
    image_shape: tuple[int, int, int]
    value_range: str
    params_hash: str
    data_hash: str
    code_hash: str
    opset: str
    parity: str

    @property
    def conditional(self) -> bool:
        """Whether the generator takes a label."""
        return bool(self.classes)

    def label(self, text: str) -> int:
        """Return the class index meant by a class name (in any case) or by an index; a name goes first."""
        folded = [name.casefold() for name in self.classes]
        if text in self.classes:
            return self.classes.index(text)
        if text.casefold() in folded:
            return folded.index(text.casefold())
        if re.fullmatch(r"[0-9]{1,9}", text) and int(text) < len(self.classes):
            return int(text)
        raise InferenceError(f"{text!r} is no class of {self.name}: {self._choices(text)}")

    def _choices(self, text: str) -> str:
        indices = f"say 0 to {len(self.classes) - 1}"
        if self.classes == tuple(str(index) for index in range(len(self.classes))):
            return indices
        by_folded = {name.casefold(): name for name in self.classes}
        near = difflib.get_close_matches(text.casefold(), by_folded, n=3, cutoff=0.5) or list(by_folded)[:3]
        return f"{indices}, or a class name such as {', '.join(by_folded[folded] for folded in near)}"


def read_description(session: Any) -> Description:
    """Read the custom metadata of an onnxruntime.InferenceSession and compare it with its inputs and output.

    InferenceError says what of the contract (DESIGN, "The ONNX contract") the file does not keep.
    """
    description = parse_metadata(session.get_modelmeta().custom_metadata_map)
    channels, height, width = description.image_shape
    inputs = {"z": ("tensor(float)", [None, description.z_dim])}
    if description.conditional:
        inputs["label"] = ("tensor(int64)", [None])
    _check_tensors("input", session.get_inputs(), inputs)
    outputs = {"image": ("tensor(float)", [None, channels, height, width])}
    _check_tensors("output", session.get_outputs(), outputs)
    return description


def parse_metadata(metadata: Mapping[str, str]) -> Description:
    """Turn the metadata of an ONNX file (all strings) into a Description, or say what is missing or wrong."""
    if metadata.get("format") != FORMAT:
        found = metadata.get("format")
        raise InferenceError(
            "not a generator exported by this pipeline: its metadata "
            + (f"say format {found!r}, not {FORMAT!r}" if found else f"lack 'format' ({FORMAT!r})")
        )
    missing = [key for key in KEYS if key not in metadata]
    if missing:
        raise InferenceError(f"its metadata lack {', '.join(missing)}; export it again")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", metadata["name"]):
        raise InferenceError(
            f"its metadata 'name' is {metadata['name']!r}: a name has letters, digits, '.', '_' and "
            "'-', and begins with a letter or digit"
        )
    for key, allowed in (("latent", DISTRIBUTIONS), ("value_range", (VALUE_RANGE,))):
        if metadata[key] not in allowed:
            known = " or ".join(allowed)
            raise InferenceError(f"its metadata {key!r} is {metadata[key]!r}: known is {known}")
    fields: dict[str, Any] = {key: metadata[key] for key in KEYS}
    fields["classes"] = _classes(metadata["classes"])
    fields["z_dim"] = _z_dim(metadata["z_dim"])
    fields["image_shape"] = _image_shape(metadata["image_shape"])
    return Description(**fields)


def _json(text: str) -> Any:
    """Decode JSON; None stands for text that is not JSON, which no key allows either."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _classes(text: str) -> tuple[str, ...]:
    names = _json(text)
    if not isinstance(names, list) or not all(
        isinstance(name, str) and name and name.isprintable() for name in names
    ):
        raise InferenceError("its metadata 'classes' is no JSON list of class names")
    return tuple(names)


def _z_dim(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise InferenceError(f"its metadata 'z_dim' is {text!r}: not a whole number above 0")
    return int(text)


def _image_shape(text: str) -> tuple[int, int, int]:
    shape = _json(text)
    whole = isinstance(shape, list) and len(shape) == 3 and all(type(side) is int for side in shape)
    if not whole or shape[0] not in (1, 3) or min(shape) < 1:
        raise InferenceError(f"its metadata 'image_shape' is {text!r}: not [C, H, W] with C = 1 or 3")
    return tuple(shape)


def _check_tensors(side: str, found: list[Any], expected: dict[str, tuple[str, list[int | None]]]) -> None:
    """Compare a session's inputs or outputs with {name: (type, shape)}; None in a shape is the free batch."""
    names = [tensor.name for tensor in found]
    if sorted(names) != sorted(expected):
        raise InferenceError(f"its {side}s are {', '.join(names) or 'none'}; expected {', '.join(expected)}")
    for tensor in found:
        kind, shape = expected[tensor.name]
        actual = [side if isinstance(side, int) else None for side in tensor.shape]
        if (tensor.type, actual) != (kind, shape):
            raise InferenceError(
                f"its {side} '{tensor.name}' is {tensor.type} {_shape_text(actual)}; "
                f"its metadata say {kind} {_shape_text(shape)}"
            )


def _shape_text(shape: list[int | None]) -> str:
    return "[" + ", ".join("N" if side is None else str(side) for side in shape) + "]"
