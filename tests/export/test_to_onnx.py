"""Export without training: one file that says what it computes, checked against torch before it appears."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from pipeline.data.prepared import Prepared, Table
from pipeline.export import to_onnx
from pipeline.export.files import export
from pipeline.fields import Field
from pipeline.inference import Generator
from pipeline.params import Params
from pipeline.systems.base import Export
from tests.building import build, image_fields
from tests.conftest import tiny, write_params
from tests.inference.conftest import DIGITS, Z_DIM, model_proto


def data_of(classes: int, size: int) -> Prepared:
    tables = (Table(("images", "labels"), {}, ()),)
    fields = image_fields(1, size, classes)
    return Prepared(Path("none"), "digits", fields, tables, sha256={}, digest="d" * 64)


def untrained(name: str, size: int, folder: Path) -> tuple[Params, Prepared, dict[str, Export]]:
    content = tiny(name)
    content["data"]["size"] = size
    content["model"]["z_dim"] = 5
    params = write_params(content, folder)
    torch.manual_seed(0)
    model = build(params, 1, 10)
    with torch.no_grad():  # conditional gains start equal
        for weight in model.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return params, data_of(10, size), model.exports(model.shipped())


@pytest.mark.parametrize(
    ("name", "size"), [("gan-mnist", 8), pytest.param("cdcgan", 16, marks=pytest.mark.slow)]
)
def test_the_file_computes_what_torch_does(name: str, size: int, tmp_path: Path) -> None:
    params, data, exports = untrained(name, size, tmp_path)
    network = exports["generator"].network
    difference = export(params, data, exports, tmp_path / "x.onnx")
    assert 0 < difference < 1e-5
    assert {path.name for path in tmp_path.iterdir()} == {
        *("x.onnx", "x.seeded.onnx", "x.json", "x.parts", "params.yaml")
    }
    generator = Generator(tmp_path / "x.onnx", device="cpu")
    conditional = name == "cdcgan"
    assert generator.description.classes == (tuple(data.classes) if conditional else ())
    z, labels = torch.randn(4, 5), torch.tensor([3, 1, 9, 0])
    with torch.no_grad():
        expected = network.eval()(z, labels).numpy()
    found = generator.run(z.numpy(), labels.numpy() if conditional else None)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    about = json.loads((tmp_path / "x.json").read_text())
    inputs = [{"name": "z", "type": "float", "shape": ["N", 5]}]
    inputs += [{"name": "label", "type": "int64", "shape": ["N"]}] * conditional
    assert about["inputs"] == inputs
    assert about["outputs"] == [{"name": "image", "type": "float", "shape": ["N", 1, size, size]}]
    assert float(about["parity"]) == pytest.approx(difference, rel=0.06)
    assert not any(tensor.external_data for tensor in onnx.load(tmp_path / "x.onnx").graph.initializer)


@pytest.mark.slow
def test_a_generator_whose_gradient_can_not_be_written_ships_without_a_search(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params, data, exports = untrained("gan-mnist", 8, tmp_path)
    generator = exports["generator"]
    odd = generator._replace(network=torch.nn.Sequential(generator.network, torch.nn.SiLU()))
    export(params, data, {"generator": odd}, tmp_path / "x.onnx")
    assert json.loads((tmp_path / "x.parts/contents.json").read_text()) == {"parts": []}
    assert capsys.readouterr().err.startswith("warning: no search.onnx, so no gan-infer invert: ")
    assert (tmp_path / "x.onnx").exists()


def test_a_network_without_noise_has_a_seeded_file_too(tmp_path: Path) -> None:
    params, data, exports = untrained("vae-mnist", 8, tmp_path)
    export(params, data, {"encoder": exports["encoder"]}, tmp_path / "x.onnx")
    model = onnx.load(tmp_path / "x.seeded.onnx")
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == [
        *("image", "mean", "log_variance")
    ]
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8


@pytest.mark.parametrize(
    ("layers", "operator"),
    [
        ([nn.ReflectionPad2d(2), nn.Conv2d(1, 3, 3)], "Pad"),
        ([nn.Conv2d(1, 3, 3), nn.InstanceNorm2d(3)], "InstanceNormalization"),
        ([nn.Conv2d(1, 3, 3), nn.InstanceNorm2d(3, affine=True)], "InstanceNormalization"),
        ([nn.Flatten(), nn.Linear(16, 5), nn.Softmax(1)], "Softmax"),
    ],
    ids=["reflect", "instance norm", "affine instance norm", "softmax"],
)
def test_what_image_networks_use_is_exported_in_portable_operators(
    layers: list[nn.Module], operator: str
) -> None:
    image = Field("image", (1, 4, 4), {"range": [-1, 1]})
    model, difference = to_onnx.as_onnx(Export(nn.Sequential(*layers), {"image": image}, {"y": image}), 0)
    assert operator in {node.op_type for node in model.graph.node}
    assert model.opset_import[0].version == 17
    onnx.checker.check_model(model, full_check=True)
    assert difference < 1e-5


def as_torch(labels: torch.Tensor, z: torch.Tensor, at_nine: float) -> torch.Tensor:
    """What the small model of the inference tests computes, and `at_nine` more at the label 9."""
    weights = {
        each.name: numpy_helper.to_array(each) for each in model_proto(DIGITS, (1, 4, 5)).graph.initializer
    }
    flat = torch.tanh(z @ torch.tensor(weights["weight"]) + torch.tensor(weights["table"])[labels])
    return (flat + at_nine * (labels == 9).float()[:, None]).reshape(-1, 1, 4, 5)


def test_parity_is_the_largest_difference_over_every_label(monkeypatch: Any, tmp_path: Path) -> None:
    content = tiny("cdcgan")
    content["model"]["z_dim"] = Z_DIM
    model = build(write_params(content, tmp_path), 1, 10)
    one = model.exports(model.shipped())["generator"]
    batches = to_onnx.batches(one, 0)
    assert [len(z) for z, _ in batches] == [1, 2, 7, 10]
    order = []
    # else a rare process computes its first images to 15 bits, and an exact file would be refused
    monkeypatch.setattr(to_onnx, "settle_vector_functions", lambda: order.append("settled"))
    for at_nine in (0.0, 0.5, -0.5):

        def network(z: torch.Tensor, labels: torch.Tensor, at_nine: float = at_nine) -> torch.Tensor:
            order.append("computed")
            return as_torch(labels, z, at_nine)

        both = to_onnx.results(model_proto(DIGITS, (1, 4, 5)), network, batches)
        assert to_onnx.largest_difference(both) == pytest.approx(abs(at_nine), abs=1e-5)
    assert order == ["settled", *["computed"] * 4] * 3
