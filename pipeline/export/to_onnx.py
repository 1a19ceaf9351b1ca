"""A network as an ONNX model: traced, made canonical, and held against torch."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
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
    model = canonical(trace(network, export))
    difference = largest_difference(results(model, network, batches(export, seed)))
    if difference > TOLERANCE:
        raise RunError(f"ONNX Runtime and torch differ by {difference:.2g}, more than {TOLERANCE}")
    return model, difference


def trace(network: nn.Module, export: Export) -> onnx.ModelProto:
    """`network`, which has the inputs and outputs of `export`, by torch's current exporter; N is free."""
    arguments, batch = example_inputs(export, 2, 0), torch.export.Dim("N")
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


def batches(export: Export, seed: int) -> list[list[Tensor]]:
    """Inputs to hold a model against torch with: of every size in BATCHES, and one with every label."""
    labels = [class_count(field) for field in export.inputs.values() if field.kind == "label"]
    return [example_inputs(export, count, seed) for count in (*BATCHES, *labels)]


def example_inputs(export: Export, count: int, seed: int) -> list[Tensor]:
    """A row for each of `count`, in the order of the network's arguments."""
    source = stream(seed, "parity", count)
    return [_drawn(field, count, source) for field in export.inputs.values()]


def _drawn(field: Field, count: int, source: torch.Generator) -> Tensor:
    match field.kind:
        case "latent" | "category" | "code":
            return draw(field, count, source)
        case "label":
            return torch.arange(count) % class_count(field)
        case "text":
            return torch.randint(len(field.about["vocabulary"]) + 1, (count, *field.shape), generator=source)
        case "box":
            begins, share = torch.rand((2, count, 2), generator=source)
            return torch.cat([begins / 2, 0.1 + (0.9 - begins / 2) * share], 1)
        case "mask":
            return torch.randint(2, (count, *field.shape), generator=source).float()
        case "probabilities":
            return torch.randn((count, *field.shape), generator=source).softmax(1)
        case "numbers":
            return torch.rand((count, *field.shape), generator=source)
        case "image":
            return 2 * torch.rand((count, *field.shape), generator=source) - 1
    raise ValueError(f"no input of the kind {field.kind} can be tried")


def results(
    model: onnx.ModelProto,
    network: Callable[..., Tensor | tuple[Tensor, ...]],
    tried: Sequence[Sequence[Tensor]],
) -> list[list[tuple[NDArray, NDArray]]]:
    """Of each of the batches every output, by ONNX Runtime and by torch."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    settle_vector_functions()
    both = []
    for values in tried:
        with torch.no_grad():
            expected = network(*values)
        found = session.run(None, {name: value.numpy() for name, value in zip(names, values, strict=True)})
        of_torch = expected if isinstance(expected, tuple) else (expected,)
        both.append([(one, other.numpy()) for one, other in zip(found, of_torch, strict=True)])
    return both


def largest_difference(both: list[list[tuple[NDArray, NDArray]]]) -> float:
    """The largest one between ONNX Runtime's results and torch's."""
    return max(float(np.abs(one - other).max()) for outputs in both for one, other in outputs)
