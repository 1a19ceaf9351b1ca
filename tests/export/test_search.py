"""The search of a generator's latents: its gradient is torch's, of every kind of generator."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from pipeline.errors import RunError
from pipeline.export import search
from pipeline.export.search import as_onnx, searching
from pipeline.fields import Field, category, latent
from pipeline.inference import Generator, Network
from pipeline.inference.contract.inputs import examples
from pipeline.systems.base import Export
from tests.building import build
from tests.conftest import tiny, write_params

IMAGE = Field("image", (1, 8, 8), {"range": [-1, 1]})
Z = latent(5, "normal")
TAKEN = {
    "gan-mnist": ["z"],
    "cdcgan": ["z", "label"],
    "infogan-mnist": ["z", "category", "code"],
    "cogan-mnist": ["z"],
}


def untrained(name: str, folder: Path) -> dict[str, Export]:
    torch.manual_seed(0)
    model = build(write_params(tiny(name), folder), 1, 10)
    with torch.no_grad():  # gains start equal, and batch norm's statistics at 0 and 1
        for value in (*model.parameters(), *model.buffers()):
            if value.is_floating_point():
                value.add_(0.02 * torch.rand_like(value))
    return model.exports(model.shipped())


def from_linear(outputs: dict[str, Field], *layers: nn.Module) -> Export:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(5, 64), nn.Unflatten(1, (1, 8, 8)), *layers)
    return Export(network, {"z": Z}, outputs)


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKEN)
def test_the_gradient_of_each_kind_of_generator_is_exported(
    name: str, exported: Callable[[str], Path]
) -> None:
    model = onnx.load(exported(name) / f"exported/{name}.parts/search.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    assert [value.name for value in model.graph.input] == [*TAKEN[name], "target", "mask", "absolute"]
    assert [value.name for value in model.graph.output] == ["loss", "gradient"]
    (parity,) = (float(entry.value) for entry in model.metadata_props if entry.key == "parity")
    assert 0 < parity < 1e-5


@pytest.mark.slow
def test_loss_and_gradient_are_those_of_the_generators_file(exported: Callable[[str], Path]) -> None:
    folder = exported("cdcgan") / "exported"
    generator, found = Generator(folder / "cdcgan.onnx"), Network(folder / "cdcgan.parts/search.onnx")
    assert json.loads((folder / "cdcgan.parts/contents.json").read_text()) == {"parts": ["mixture", "search"]}
    given = examples(found.description, range(4))
    given["target"] = generator.run(examples(generator.description, range(4, 8))["z"], given["label"])
    given["absolute"] = np.array([0, 0.25, 1, 1], np.float32)
    given["mask"][3, :, :4] = 0.5
    outputs = found.compute(given)

    def loss(z: np.ndarray) -> np.ndarray:
        difference = generator.run(z, given["label"]).astype(np.float64) - given["target"]
        share = given["absolute"].reshape(4, 1, 1, 1)
        error = share * np.abs(difference) + (1 - share) * np.square(difference)
        return (error * given["mask"]).sum((1, 2, 3)) / given["mask"].sum((1, 2, 3))

    np.testing.assert_allclose(outputs["loss"], loss(given["z"]), rtol=1e-5)
    along = np.random.default_rng(0).standard_normal(given["z"].shape).astype(np.float32)
    for way in (along, outputs["gradient"]):
        step = np.float32(0.02) * way / np.linalg.norm(way, axis=1, keepdims=True)
        slope = (loss(given["z"] + step) - loss(given["z"] - step)) / 0.04
        expected = (outputs["gradient"] * step).sum(1) / 0.02
        np.testing.assert_allclose(expected, slope, rtol=0.02, atol=0.02 * np.abs(slope).max())


@pytest.mark.slow
def test_convolutions_are_followed_backwards_also_where_a_stride_leaves_some_pixels_out() -> None:
    layers = [
        nn.Conv2d(1, 3, 3, 2),
        nn.ReLU(),
        nn.Softplus(),
        nn.Conv2d(3, 6, 3, 1, 2, 2, groups=3),
        nn.ConvTranspose2d(6, 1, 4, 2, 1),
    ]
    image = Field("image", (1, 6, 6), {"range": [-1, 1]})
    model, _ = as_onnx(searching(from_linear({"image": image}, *layers)), 0)
    assert {"Conv", "ConvTranspose"} <= {node.op_type for node in model.graph.node}


@pytest.mark.slow
def test_a_side_of_the_size_of_the_batch_stays_what_it_is() -> None:
    colour = Field("image", (3, 2, 2), {"range": [-1, 1]})
    network = nn.Sequential(nn.Linear(2, 12), nn.Unflatten(1, (3, 2, 2)), nn.Tanh())
    one = searching(Export(network, {"z": latent(2, "normal")}, {"image": colour}))
    model, _ = as_onnx(one, 0)
    sides = [
        [side.dim_param or side.dim_value for side in v.type.tensor_type.shape.dim] for v in model.graph.input
    ]
    assert sides == [["N", 2], ["N", 3, 2, 2], ["N", 1, 2, 2], ["N"]]


@pytest.mark.slow
def test_a_wrong_gradient_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    right = search.FORWARD[torch.ops.aten.convolution_backward.default]

    def wrong(*arguments: object) -> object:
        return 1.001 * right(*arguments)[0], None, None

    monkeypatch.setitem(search.FORWARD, torch.ops.aten.convolution_backward.default, wrong)
    with pytest.raises(RunError, match=r"gradients differ from torch's by 0\.001 of their length"):
        as_onnx(searching(from_linear({"image": IMAGE}, nn.Conv2d(1, 1, 3, 1, 1))), 0)


def test_only_what_is_made_of_one_latent_is_searched() -> None:
    network = nn.Identity()
    assert searching(Export(network, {"z": Z, "category": category(3)}, {"image": IMAGE}))
    for inputs in ({"image": IMAGE}, {"z": Z, "image": IMAGE}, {"z": Z, "style": Z}):
        assert searching(Export(network, inputs, {"image": IMAGE})) is None
    assert searching(Export(network, {"z": Z}, {"z": Z})) is None


@pytest.mark.slow
def test_exporting_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    found = [as_onnx(searching(untrained("gan-mnist", tmp_path)["generator"]), 0)[0] for _ in range(2)]
    assert found[0].SerializeToString(deterministic=True) == found[1].SerializeToString(deterministic=True)
