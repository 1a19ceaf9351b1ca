"""A network as an ONNX model: traced, made canonical, and held against torch."""

import warnings
from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from pipeline.errors import RunError
from pipeline.export.canonical import canonical
from pipeline.fields import Field, class_count
from pipeline.streams import draw, stream
from pipeline.systems.base import Export
from pipeline.training.device import settle_vector_functions

BATCHES = (1, 2, 7)
TOLERANCE = 1e-4  # of the largest difference to torch; measured differences are near 5e-6


def as_onnx(export: Export, seed: int) -> tuple[onnx.ModelProto, float]:
    """The canonical model of one export, and the largest difference to torch; RunError if that is large."""
    network = export.network.cpu().float().eval()
    model = canonical(_trace(network, export))
    difference = _parity(model, network, [_inputs(export, count, seed) for count in _counts(export)])
    if difference > TOLERANCE:
        raise RunError(f"ONNX Runtime and torch differ by {difference:.2g}, more than {TOLERANCE}")
    return model, difference


def _trace(network: nn.Module, export: Export) -> onnx.ModelProto:
    """Through torch's current exporter, with the batch dimension left free."""
    arguments, batch = _inputs(export, 2, 0), torch.export.Dim("N")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            tuple(arguments),
            input_names=list(export.inputs),
            output_names=list(export.outputs),
            dynamic_shapes=tuple({0: batch} for _ in arguments),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return program.model_proto


def _counts(export: Export) -> list[int]:
    """Batches of every size in BATCHES, and one with every label."""
    labels = [class_count(field) for field in export.inputs.values() if field.kind == "label"]
    return [*BATCHES, *labels]


def _inputs(export: Export, count: int, seed: int) -> list[Tensor]:
    """A row for each of `count`, in the order of the network's arguments."""
    source = stream(seed, "parity", count)
    return [_drawn(field, count, source) for field in export.inputs.values()]


def _drawn(field: Field, count: int, source: torch.Generator) -> Tensor:
    match field.kind:
        case "latent" | "category" | "code":
            return draw(field, count, source)
        case "label":
            return torch.arange(count) % class_count(field)
        case "image":
            return 2 * torch.rand((count, *field.shape), generator=source) - 1
    raise ValueError(f"no input of the kind {field.kind} can be tried")


def _parity(model: onnx.ModelProto, network: nn.Module, inputs: Sequence[Sequence[Tensor]]) -> float:
    """The largest difference between ONNX Runtime's results and torch's."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    settle_vector_functions()
    largest = 0.0
    for values in inputs:
        with torch.no_grad():
            expected = network(*values)
        found = session.run(None, {name: value.numpy() for name, value in zip(names, values, strict=True)})
        for one, other in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
            largest = max(largest, float(np.abs(one - other.numpy()).max()))
    return largest
