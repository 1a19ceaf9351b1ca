"""What a generator's file says: its contract and where it comes from."""

import dataclasses
import hashlib
from pathlib import Path

from pipeline.inference.console import write, write_json
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.opening import opened
from pipeline.inference.errors import one_line


def info(path: Path, as_json: bool) -> None:
    """Print inputs, output, classes and provenance of the generator in `path`, for people or as JSON."""
    with opened(path, "cpu", threads=1) as generator:
        description = generator.description
    data = path.read_bytes()
    size, digest = len(data), hashlib.sha256(data).hexdigest()
    if as_json:
        facts = dataclasses.asdict(description)
        write_json({"file": str(path), "bytes": size, "sha256": digest} | facts | contract(description))
    else:
        lines = [("file", f"{path}, {size:,} bytes"), ("sha256", digest), *_lines(description)]
        write("".join(f"{name:<12} {one_line(text)}\n" for name, text in lines).encode())


def contract(description: Description) -> dict[str, list[dict[str, object]]]:
    """Return the graph's inputs and outputs as the exported .json has them; "N" is free."""
    inputs = [{"name": "z", "type": "float", "shape": ["N", description.z_dim]}]
    if description.conditional:
        inputs.append({"name": "label", "type": "int64", "shape": ["N"]})
    outputs = [{"name": "image", "type": "float", "shape": ["N", *description.image_shape]}]
    return {"inputs": inputs, "outputs": outputs}


def _lines(description: Description) -> list[tuple[str, str]]:
    channels, height, width = description.image_shape
    latent = {"normal": "N(0, 1)", "uniform": "[0, 1)"}[description.latent]
    lines = [
        ("model", f"{description.name}: {description.kind}, trained on {description.dataset}"),
        ("input z", f"float32 [N, {description.z_dim}], drawn from {latent}"),
    ]
    if description.conditional:
        last = len(description.classes) - 1
        lines.append(("input label", f"int64 [N], 0 to {last}: {', '.join(description.classes)}"))
    return [
        *lines,
        ("output image", f"float32 [N, {channels}, {height}, {width}] in {description.value_range}"),
        ("opset", description.opset),
        ("parity", f"differs from torch by at most {description.parity}"),
        ("parameters", description.params_hash),
        ("data", description.data_hash),
        ("code", description.code_hash),
    ]
