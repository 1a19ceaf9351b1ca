"""The metadata of an ONNX file, read and compared with what the file is."""

import re
from collections.abc import Mapping
from typing import Any

from pipeline import kinds
from pipeline.fields import Field
from pipeline.inference.contract import format_1, format_2, format_image_to_image
from pipeline.inference.contract.description import Description
from pipeline.inference.errors import InferenceError

FORMATS = {form.FORMAT: form for form in (format_1, format_2, format_image_to_image)}
ORIGIN = ("format", "name", "kind", "dataset", "params_hash", "data_hash", "code_hash", "opset", "parity")
TYPES = {"float32": "tensor(float)", "int64": "tensor(int64)"}


def read_description(session: Any) -> Description:
    """Read the custom metadata of an onnxruntime.InferenceSession and compare it with its inputs and outputs.

    InferenceError says what of the contract (DESIGN, "The ONNX contract") the file does not keep.
    """
    description = parse_metadata(session.get_modelmeta().custom_metadata_map)
    ordered = description.format != format_1.FORMAT
    _check_tensors("input", session.get_inputs(), description.inputs, ordered)
    _check_tensors("output", session.get_outputs(), description.outputs, ordered)
    return description


def parse_metadata(metadata: Mapping[str, str]) -> Description:
    """Turn the metadata of an ONNX file (all strings) into a Description, or say what is missing or wrong."""
    found = metadata.get("format")
    if found not in FORMATS:
        known = " or ".join(map(repr, FORMATS))
        raise InferenceError(
            "not a generator exported by this pipeline: its metadata "
            + (f"say format {found!r}, not {known}" if found else f"lack 'format' ({known})")
        )
    form = FORMATS[found]
    missing = [key for key in form.KEYS if key not in metadata]
    if missing:
        raise InferenceError(f"its metadata lack {', '.join(missing)}; export it again")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", metadata["name"]):
        raise InferenceError(
            f"its metadata 'name' is {metadata['name']!r}: a name has letters, digits, '.', '_' and "
            "'-', and begins with a letter or digit"
        )
    inputs, outputs = form.fields(metadata)
    return Description(**{key: metadata[key] for key in ORIGIN}, inputs=inputs, outputs=outputs)


def _check_tensors(side: str, found: list[Any], fields: Mapping[str, Field], ordered: bool) -> None:
    """Compare a session's inputs or outputs with the fields of the metadata."""
    names, expected = [tensor.name for tensor in found], list(fields)
    if names != expected and (ordered or sorted(names) != sorted(expected)):
        raise InferenceError(f"its {side}s are {', '.join(names) or 'none'}; expected {', '.join(expected)}")
    for tensor in found:
        field = fields[tensor.name]
        kind = TYPES[kinds.find(field.kind).DTYPE]
        shape, actual = ([_fixed(side) for side in sides] for sides in (("N", *field.shape), tensor.shape))
        if (tensor.type, actual) != (kind, shape):
            raise InferenceError(
                f"its {side} '{tensor.name}' is {tensor.type} {_shape_text(actual)}; "
                f"its metadata say {kind} {_shape_text(shape)}"
            )


def _fixed(side: int | str | None) -> int | None:
    """A side; None where it is free."""
    return side if isinstance(side, int) else None


def _shape_text(shape: list[int | None]) -> str:
    return "[" + ", ".join("N" if side is None else str(side) for side in shape) + "]"
