"""A trained generator as one self-describing ONNX file, checked before it appears."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from pipeline import files
from pipeline.data.prepared import Prepared
from pipeline.errors import RunError
from pipeline.export.canonical import OPSET, canonical
from pipeline.export.seeded import check, seeded_model
from pipeline.inference import Generator
from pipeline.inference.contract.format_1 import FORMAT, VALUE_RANGE
from pipeline.params import Params
from pipeline.provenance import code_hash
from pipeline.streams import draw_latent, stream
from pipeline.training.device import settle_vector_functions

BATCHES = (1, 2, 7)
TOLERANCE = 1e-4  # of the largest difference to torch; measured differences are near 5e-6


class Exported(nn.Module):
    """What the file computes: z float32 [N, z_dim], label int64 [N] -> image float32 [N, C, H, W]."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(z, label)


def export(params: Params, data: Prepared, generator: nn.Module, target: Path) -> float:
    """Write NAME.onnx, NAME.seeded.onnx and NAME.json; return the largest difference to torch.

    RunError if the file that was made does not do what the torch module does.
    """
    network = Exported(generator).cpu().float().eval()
    model = canonical(_trace(network, params))
    inputs = _check_inputs(params, data.label_count)
    difference = _parity(model, network, inputs)
    if difference > TOLERANCE:
        raise RunError(f"{target}: ONNX Runtime and torch differ by {difference:.2g}, more than {TOLERANCE}")
    metadata = describe(params, data, difference)
    onnx.helper.set_model_props(model, dict(sorted(metadata.items())))
    onnx.checker.check_model(model, full_check=True)
    with files.atomic_path(target) as part:  # moved into place only once the seeded file is right, too
        part.write_bytes(model.SerializeToString(deterministic=True))
        generator = Generator(part, device="cpu")
        seeded = seeded_model(model, generator.description)
        check(seeded, generator)
        files.write_bytes(target.with_suffix(".seeded.onnx"), seeded.SerializeToString(deterministic=True))
    files.write_json(target.with_suffix(".json"), metadata | _tensors(model))
    return difference


def describe(params: Params, data: Prepared, difference: float) -> dict[str, str]:
    """The metadata inside the file: everything a stranger needs to use it."""
    size = params.data.size
    return {
        "format": FORMAT,
        "name": params.name,
        "kind": params.model.kind,
        "dataset": params.data.dataset,
        "classes": json.dumps(data.classes if params.model.conditional else []),
        "z_dim": str(params.model.z_dim),
        "latent": params.model.latent,
        "image_shape": json.dumps([data.channels, size, size]),
        "value_range": VALUE_RANGE,
        "params_hash": params.fingerprint(),
        "data_hash": data.digest,
        "code_hash": code_hash(params.model.kind),
        "opset": str(OPSET),
        "parity": f"{difference:.1e}",
    }


def _trace(network: nn.Module, params: Params) -> onnx.ModelProto:
    """Through torch's current exporter, with the batch dimension left free."""
    z, labels = torch.zeros(2, params.model.z_dim), torch.zeros(2, dtype=torch.int64)
    arguments = {"z": z} | ({"label": labels} if params.model.conditional else {})
    batch = torch.export.Dim("N")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            kwargs=arguments,
            input_names=list(arguments),
            output_names=["image"],
            dynamic_shapes={name: {0: batch} for name in arguments},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return program.model_proto


def _check_inputs(params: Params, classes: int) -> list[tuple[Tensor, Tensor]]:
    """Batches of every size in BATCHES, and one with every label."""
    batches = []
    for count in (*BATCHES, classes):
        noise = stream(params.seed, "parity", count)
        z = draw_latent(params.model.latent, count, params.model.z_dim, noise)
        batches.append((z, torch.arange(count) % classes))
    return batches


def _parity(model: onnx.ModelProto, network: nn.Module, inputs: list[tuple[Tensor, Tensor]]) -> float:
    """The largest difference between ONNX Runtime's and torch's images."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = {node.name for node in session.get_inputs()}
    settle_vector_functions()
    largest = 0.0
    for z, labels in inputs:
        with torch.no_grad():
            expected = network(z, labels).numpy()
        fed = {"z": z.numpy(), "label": labels.numpy()}
        image = session.run(["image"], {name: fed[name] for name in names})[0]
        largest = max(largest, float(np.abs(image - expected).max()))
    return largest


def _tensors(model: onnx.ModelProto) -> Mapping[str, object]:
    """Inputs and outputs for people and tools that read only the JSON."""

    def shown(values: object) -> list[dict[str, object]]:
        return [
            {
                "name": value.name,
                "type": onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower(),
                "shape": [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim],
            }
            for value in values
        ]

    return {"inputs": shown(model.graph.input), "outputs": shown(model.graph.output)}
