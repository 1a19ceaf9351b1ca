"""What an exported file says: its contract and where it comes from."""

import hashlib
from pathlib import Path

from pipeline import kinds
from pipeline.fields import Field
from pipeline.inference.console import write, write_json
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.format_1 import FORMAT, KEYS
from pipeline.inference.contract.metadata import ORIGIN
from pipeline.inference.contract.opening import opened
from pipeline.inference.errors import one_line

ONNX_TYPES = {"float32": "float", "int64": "int64"}


def info(path: Path, as_json: bool) -> None:
    """Print inputs, outputs and provenance of the file in `path`, for people or as JSON."""
    with opened(path, "cpu", threads=1) as network:
        description = network.description
    data = path.read_bytes()
    size, digest = len(data), hashlib.sha256(data).hexdigest()
    if as_json:
        facts = _facts(description)
        write_json({"file": str(path), "bytes": size, "sha256": digest} | facts | contract(description))
    else:
        lines = [("file", f"{path}, {size:,} bytes"), ("sha256", digest), *_lines(description)]
        width = max(12, *(len(name) for name, _ in lines))
        write("".join(f"{name:<{width}} {one_line(text)}\n" for name, text in lines).encode())


def contract(description: Description) -> dict[str, list[dict[str, object]]]:
    """Return the graph's inputs and outputs as the exported .json has them; "N" is free.

    Where the file itself tells their kinds, they are told, too.
    """

    def told(name: str, field: Field) -> dict[str, object]:
        kind = {} if description.format == FORMAT else {"kind": field.kind, "about": dict(field.about)}
        return {"name": name, "type": ONNX_TYPES[_dtype(field)], "shape": ["N", *field.shape]} | kind

    sides = {"inputs": description.inputs, "outputs": description.outputs}
    return {side: [told(name, field) for name, field in fields.items()] for side, fields in sides.items()}


def _facts(description: Description) -> dict[str, object]:
    """The metadata beside the fields; those of format 1 under its keys."""
    keys = KEYS if description.format == FORMAT else ORIGIN
    return {key: getattr(description, key) for key in keys}


def _dtype(field: Field) -> str:
    return kinds.find(field.kind).DTYPE


def _field_line(side: str, name: str, field: Field) -> tuple[str, str]:
    shape = ", ".join(map(str, ("N", *field.shape)))
    about = kinds.find(field.kind).about(field)
    joined = " " if field.kind in ("image", "voxels", "mel", "probabilities") or not about else ", "
    return f"{side} {name}", f"{field.kind}, {_dtype(field)} [{shape}]{joined}{about}"


def _lines(description: Description) -> list[tuple[str, str]]:
    return [
        ("model", f"{description.name}: {description.kind}, trained on {description.dataset}"),
        *(_field_line("input", name, field) for name, field in description.inputs.items()),
        *(_field_line("output", name, field) for name, field in description.outputs.items()),
        ("opset", description.opset),
        ("parity", f"differs from torch by at most {description.parity}"),
        ("parameters", description.params_hash),
        ("data", description.data_hash),
        ("code", description.code_hash),
    ]
