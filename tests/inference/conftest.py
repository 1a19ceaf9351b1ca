"""Small ONNX generators that keep the contract, or break it in one chosen way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from pipeline.inference import cli
from pipeline.inference.contract.metadata import ORIGIN

Z_DIM = 6
DIGITS = [str(digit) for digit in range(10)]


def metadata_of(classes: list[str], shape: tuple[int, int, int]) -> dict[str, str]:
    """Return the metadata of DESIGN's contract."""
    return {
        "format": "gan-pipeline/1",
        "name": "tiny",
        "kind": "cdcgan" if classes else "gan",
        "dataset": "mnist",
        "classes": json.dumps(classes),
        "z_dim": str(Z_DIM),
        "latent": "normal",
        "image_shape": json.dumps(shape),
        "value_range": "[-1, 1]",
        "params_hash": "0" * 64,
        "data_hash": "1" * 64,
        "code_hash": "unknown",
        "opset": "17",
        "parity": "1e-6",
    }


def model_proto(
    classes: list[str], shape: tuple[int, int, int], free_batch: bool = True, gain: float = 1.0
) -> onnx.ModelProto:
    """Build image = reshape(tanh(gain z W + table[label])); `label` only where there are classes."""
    random = np.random.default_rng(0)
    pixels = int(np.prod(shape))
    batch = "N" if free_batch else 1
    weights = {
        "weight": (gain * random.normal(0, 0.4, (Z_DIM, pixels))).astype(np.float32),
        "bias": np.zeros(pixels, np.float32),
        "shape": np.array([0, *shape], np.int64),
    }
    inputs = [helper.make_tensor_value_info("z", TensorProto.FLOAT, [batch, Z_DIM])]
    nodes = [helper.make_node("Gemm", ["z", "weight", "bias"], ["hidden"])]
    if classes:
        weights["table"] = random.normal(0, 1, (len(classes), pixels)).astype(np.float32)
        inputs.append(helper.make_tensor_value_info("label", TensorProto.INT64, [batch]))
        nodes.append(helper.make_node("Gather", ["table", "label"], ["shift"]))
    nodes += [
        helper.make_node("Add", ["hidden", "shift" if classes else "bias"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["image"]),
    ]
    output = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, *shape])
    initialisers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "generator", inputs, [output], initialisers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a model; `metadata` holds changes, None leaves a key out."""

    def make(
        file: str = "tiny.onnx",
        classes: list[str] = DIGITS,
        shape: tuple[int, int, int] = (1, 4, 5),
        graph: dict[str, Any] | None = None,
        metadata: dict[str, str | None] | None = None,
    ) -> Path:
        proto = model_proto(classes, shape, **(graph or {}))
        properties = metadata_of(classes, shape) | (metadata or {})
        helper.set_model_props(proto, {key: value for key, value in properties.items() if value is not None})
        path = tmp_path / file
        path.write_bytes(proto.SerializeToString())
        return path

    return make


IMAGE = {"kind": "image", "shape": [1, 8, 8], "about": {"range": [-1, 1]}}
COLOUR = {"kind": "image", "shape": [3, 8, 8], "about": {"range": [0, 1]}}
LATENT = {"kind": "latent", "shape": [6], "about": {"distribution": "normal"}}
STYLE = {"kind": "latent", "shape": [4], "about": {"distribution": "uniform"}}
CATEGORY = {"kind": "category", "shape": [], "about": {"count": 10}}
CODE = {"kind": "code", "shape": [2], "about": {"low": -1.0, "high": 1.0}}
FOUND = {"kind": "latent", "shape": [12], "about": {}}
ODDS = {"kind": "probabilities", "shape": [3], "about": {"classes": ["cat", "dog", "ship"]}}


def weights(*shape: int) -> np.ndarray:
    """Return the same numbers each time."""
    return np.random.default_rng(shape).normal(0, 0.5, shape).astype(np.float32)


# by name: inputs, outputs, operators (kind, inputs, outputs, attributes), weights
NETWORKS: dict[str, tuple[dict, dict, list[tuple], dict[str, np.ndarray]]] = {
    "infogan": (
        {"z": LATENT, "category": CATEGORY, "code": CODE},
        {"image": IMAGE},
        [
            ("Concat", ["z", "code"], ["both"], {"axis": 1}),
            ("MatMul", ["both", "w"], ["hidden"], {}),
            ("Gather", ["table", "category"], ["shift"], {}),
            ("Add", ["hidden", "shift"], ["sum"], {}),
            ("Tanh", ["sum"], ["flat"], {}),
            ("Reshape", ["flat", "shape"], ["image"], {}),
        ],
        {"w": weights(8, 64), "table": weights(10, 64), "shape": np.array([0, 1, 8, 8], np.int64)},
    ),
    "encoder": (
        {"image": IMAGE},
        {"mean": FOUND, "log_variance": FOUND},
        [
            ("Flatten", ["image"], ["flat"], {}),
            ("MatMul", ["flat", "w"], ["mean"], {}),
            ("Neg", ["mean"], ["log_variance"], {}),
        ],
        {"w": weights(64, 12)},
    ),
    "classifier": (
        {"image": IMAGE},
        {"probabilities": ODDS},
        [
            ("Flatten", ["image"], ["flat"], {}),
            ("MatMul", ["flat", "w"], ["logits"], {}),
            ("Softmax", ["logits"], ["probabilities"], {"axis": 1}),
        ],
        {"w": weights(64, 3)},
    ),
    "codes": ({"z": LATENT}, {"mean": FOUND}, [("MatMul", ["z", "w"], ["mean"], {})], {"w": weights(6, 12)}),
    "styles": (
        {"code": CODE, "z": LATENT, "style": STYLE},
        {"image": IMAGE},
        [
            ("Concat", ["code", "z", "style"], ["both"], {"axis": 1}),
            ("MatMul", ["both", "w"], ["sum"], {}),
            ("Tanh", ["sum"], ["flat"], {}),
            ("Reshape", ["flat", "shape"], ["image"], {}),
        ],
        {"w": weights(12, 64), "shape": np.array([0, 1, 8, 8], np.int64)},
    ),
    "negative": (
        {"source": COLOUR},
        {"image": COLOUR},
        [("Sub", ["one", "source"], ["image"], {})],
        {"one": np.ones(1, np.float32)},
    ),
    "blend": (
        {"first": IMAGE, "second": IMAGE},
        {"image": IMAGE, "difference": IMAGE},
        [
            ("Mean", ["first", "second"], ["image"], {}),
            ("Sub", ["first", "second"], ["difference"], {}),
        ],
        {},
    ),
}


def value_info(name: str, field: dict[str, Any]) -> onnx.ValueInfoProto:
    """Return the tensor that a field is in the graph."""
    kind = TensorProto.INT64 if field["kind"] in ("label", "category") else TensorProto.FLOAT
    return helper.make_tensor_value_info(name, kind, ["N", *field["shape"]])


def network_proto(
    name: str, fields: object = None, metadata: dict[str, str | None] | None = None
) -> onnx.ModelProto:
    """Build one of NETWORKS; `metadata` holds changes, None leaves a key out."""
    inputs, outputs, operators, arrays = NETWORKS[name]
    nodes = [helper.make_node(kind, taken, given, **more) for kind, taken, given, more in operators]
    tensors = [[value_info(*item) for item in side.items()] for side in (inputs, outputs)]
    initialisers = [numpy_helper.from_array(array, key) for key, array in arrays.items()]
    graph = helper.make_graph(nodes, name, *tensors, initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    said = {"inputs": inputs, "outputs": outputs} if fields is None else fields
    origin = {key: value for key, value in metadata_of([], (1, 8, 8)).items() if key in ORIGIN}
    changes = {"format": "gan-pipeline/2", "name": name, "kind": name, "fields": json.dumps(said)}
    properties = origin | changes | (metadata or {})
    helper.set_model_props(model, {key: text for key, text in properties.items() if text is not None})
    return model


@pytest.fixture
def make_network(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes what `network_proto` builds."""

    def make(name: str, fields: object = None, metadata: dict[str, str | None] | None = None) -> Path:
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(network_proto(name, fields, metadata).SerializeToString())
        return path

    return make


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a grey picture of 8x8, a ramp from black to white."""
    path = tmp_path / "ramp.png"
    Image.fromarray(np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8)).save(path)
    return path


@pytest.fixture
def conditional(make_model: Callable[..., Path]) -> Path:
    """Return a digit generator: 10 classes, grey 4x5."""
    return make_model()


@pytest.fixture
def unconditional(make_model: Callable[..., Path]) -> Path:
    """Return a generator without classes: RGB 3x2, uniform latent."""
    return make_model(
        "plain.onnx", classes=[], shape=(3, 3, 2), metadata={"name": "plain", "latent": "uniform"}
    )


@pytest.fixture
def gan_infer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., tuple[int, bytes, list[str]]]:
    """Return a function that runs the command in an empty folder: (exit code, stdout bytes, stderr lines)."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def run(*arguments: object) -> tuple[int, bytes, list[str]]:
        with pytest.raises(SystemExit) as caught:
            cli.main([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return caught.value.code or 0, out, err.decode().splitlines()

    return run
