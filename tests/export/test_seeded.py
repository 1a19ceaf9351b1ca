"""The generator that draws its own noise: the same z and the same bytes as the plain file and gan-infer."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from PIL import Image

from pipeline.errors import RunError
from pipeline.export.seeded import check, seeded_model
from pipeline.fields import Field
from pipeline.inference import Generator
from pipeline.inference.contract.inputs import Given
from pipeline.inference.contract.metadata import parse_metadata
from pipeline.inference.contract.network import Network
from pipeline.inference.errors import InferenceError
from pipeline.kinds import image
from pipeline.kinds.image import to_uint8
from pipeline.kinds.shared.noise import MAX_SEED, latent
from tests.conftest import ROOT
from tests.inference.conftest import DIGITS, NETWORKS, metadata_of, model_proto, network_proto

SEEDS = np.array([0, 1, 2, 4095, 4096, 2**23, MAX_SEED - 1, MAX_SEED])


def plain_model(classes: list[str], latent: str = "normal") -> ModelProto:
    shape = (1, 4, 5) if classes else (3, 3, 2)
    model = model_proto(classes, shape)
    helper.set_model_props(model, metadata_of(classes, shape) | {"latent": latent})
    return model


def seeded_from(plain: ModelProto) -> ModelProto:
    return seeded_model(plain, parse_metadata({entry.key: entry.value for entry in plain.metadata_props}))


def session(model: ModelProto) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def showing(model: ModelProto, names: list[str]) -> ModelProto:
    """The same model with inner tensors among its outputs."""
    model = ModelProto.FromString(model.SerializeToString())
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    return model


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_z_is_the_same_to_the_bit(distribution: str) -> None:
    model = showing(seeded_from(plain_model([], distribution)), ["z"])
    many = np.random.default_rng(0).integers(0, MAX_SEED + 1, 5000)
    for seeds in (SEEDS, many):
        expected = latent(seeds, 6, distribution).view(np.int32)
        for runtime in (session(model), ReferenceEvaluator(model)):
            (z,) = runtime.run(["z"], {"seed": seeds})
            assert np.array_equal(z.view(np.int32), expected)


def test_no_number_on_the_way_to_z_reaches_2_to_24() -> None:
    model = seeded_from(plain_model([]))
    names = [node.output[0] for node in model.graph.node if node.name.startswith("noise")]
    floats = [node.output[0] for node in model.graph.node if node.op_type in ("Add", "Sub", "Mul", "Floor")]
    inner = [name for name in names if name in floats]
    seeds = np.concatenate([SEEDS, np.random.default_rng(0).integers(0, MAX_SEED + 1, 5000)])
    values = ReferenceEvaluator(showing(model, inner)).run(inner, {"seed": seeds})
    assert len(inner) > 80
    assert 2**23 < max(np.abs(value).max() for value in values) < 2**24


@pytest.mark.parametrize("classes", [DIGITS, []], ids=["conditional", "unconditional"])
def test_a_seed_gives_the_bytes_that_the_generator_gives(classes: list[str], tmp_path: Path) -> None:
    plain = plain_model(classes)
    onnx.save(plain, tmp_path / "plain.onnx")
    generator = Generator(tmp_path / "plain.onnx", device="cpu")
    runtime = session(seeded_from(plain))
    for count in (1, 2, 7, 64):
        seeds = np.arange(count) * 1003 + 5
        labels = np.arange(count) % 10 if classes else None
        fed = {"seed": seeds} | ({"label": labels} if classes else {})
        (images,) = runtime.run(["image"], fed)
        assert images.dtype == np.uint8
        assert np.array_equal(images, generator.sample(labels, seeds))


def test_the_file_in_git_is_made_again_to_the_byte() -> None:
    exported = ROOT / "exported"
    model = seeded_from(onnx.load(exported / "cdcgan.onnx"))
    expected = (exported / "cdcgan.seeded.onnx").read_bytes()
    assert model.SerializeToString(deterministic=True) == expected


def rows_of(name: str, field: dict, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Three values as the seeded and as the plain file are given them; of a picture, by way of a file."""
    random = np.random.default_rng(0)
    if field["kind"] != "image":
        rows = np.array([3, 0, 9]) if field["kind"] == "category" else np.float32([[0, 1], [-1, 0.5], [9, 0]])
        return rows, rows
    channels, height, width = field["shape"]
    pixels = random.integers(0, 256, (3, height, width, channels), np.uint8)
    described, floats = Field(field["kind"], tuple(field["shape"]), field["about"]), []
    for picture in pixels:
        Image.fromarray(picture.squeeze()).save(folder / f"{name}.png")
        floats.append(image.read(str(folder / f"{name}.png"), described, "the file"))
    return pixels, np.concatenate(floats)


@pytest.mark.parametrize("name", ["infogan", "styles", "encoder", "negative", "blend"])
def test_format_2_gives_what_the_plain_file_gives(name: str, tmp_path: Path) -> None:
    plain = network_proto(name)
    onnx.save(plain, tmp_path / "plain.onnx")
    network = Network(tmp_path / "plain.onnx", device="cpu")
    fed, given = {}, {}
    for key, field in NETWORKS[name][0].items():
        if field["kind"] != "latent":
            fed[key], given[key] = rows_of(key, field, tmp_path)
    seeds = np.array([5, 0, MAX_SEED])
    if "z" in NETWORKS[name][0]:
        fed["seed"] = seeds
    (expected,) = network.outputs(seeds, Given(given))
    model = seeded_from(plain)
    check(model, network)
    for key, found in zip(expected, session(model).run(list(expected), fed), strict=True):
        field = network.description.outputs[key]
        if field.kind == "image":
            assert found.dtype == np.uint8
            assert np.array_equal(found, image.pixels(field, expected[key]))
        else:
            np.testing.assert_allclose(found, expected[key], atol=1e-6)


def test_format_2_says_what_it_takes_and_gives() -> None:
    model = seeded_from(network_proto("styles"))
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["format"] == "gan-pipeline-seeded/2"
    said = json.loads(metadata["fields"])
    assert list(said["inputs"]) == [value.name for value in model.graph.input] == ["code", "seed"]
    assert said["inputs"]["code"] == NETWORKS["styles"][0]["code"]
    assert said["inputs"]["seed"] == {"kind": "seed", "shape": [], "about": {"range": [0, MAX_SEED]}}
    assert said["outputs"] == {"image": {"kind": "pixels", "shape": [8, 8, 1], "about": {"range": [0, 255]}}}


def test_gan_infer_refuses_it_in_a_line(tmp_path: Path) -> None:
    onnx.save(seeded_from(network_proto("infogan")), tmp_path / "infogan.seeded.onnx")
    with pytest.raises(InferenceError, match=r"say format 'gan-pipeline-seeded/2', not 'gan-pipeline/1' or"):
        Network(tmp_path / "infogan.seeded.onnx", device="cpu")


def test_halves_are_rounded_alike() -> None:
    grey = np.arange(256, dtype=np.float32)
    near = ((grey[:-1] + 0.5) / 127.5 - 1).astype(np.float32)
    halves = near[(near + 1) * np.float32(127.5) % 1 == 0.5]
    assert len(halves) > 20
    flat = np.concatenate([halves, [-1.5, -1, 1, 1.5]]).astype(np.float32)
    constant = {"zero": np.zeros((6, flat.size), np.float32), "flat": flat, "shape": np.array([0, 1, 1, -1])}
    nodes = [
        helper.make_node("Gemm", ["z", "zero", "flat"], ["row"]),
        helper.make_node("Reshape", ["row", "shape"], ["image"]),
    ]
    z = helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", 6])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 1, flat.size])
    weights = [numpy_helper.from_array(value, name) for name, value in constant.items()]
    plain = helper.make_model(helper.make_graph(nodes, "constant", [z], [image], weights))
    helper.set_model_props(plain, metadata_of([], (1, 1, flat.size)))
    (drawn,) = session(seeded_from(plain)).run(["image"], {"seed": np.array([3])})
    assert np.array_equal(drawn, to_uint8(flat.reshape(1, 1, 1, -1)))


def test_it_is_portable_and_says_what_it_is() -> None:
    model = seeded_from(plain_model(DIGITS))
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    tensors = [*model.graph.input, *model.graph.output]
    kinds = {tensor.name: tensor.type.tensor_type.elem_type for tensor in tensors}
    assert kinds == {"seed": TensorProto.INT64, "label": TensorProto.INT64, "image": TensorProto.UINT8}
    own = {node.op_type for node in model.graph.node if node.name.startswith(("noise", "picture"))}
    # no integer division, no bit operations, no random numbers: some runtime lacks them or rounds them
    arithmetic, moves = {"Add", "Sub", "Mul", "Floor", "Round", "Clip"}, {"Gather", "Reshape", "Transpose"}
    assert own == arithmetic | moves | {"Cast"}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["format"] == "gan-pipeline-seeded/1"
    assert metadata["image_shape"] == "[4, 5, 1]"
    assert metadata["seeds"] == f"[0, {MAX_SEED}]"
    plain = plain_model(DIGITS)
    assert seeded_from(plain).SerializeToString(deterministic=True) == model.SerializeToString(
        deterministic=True
    )


def test_a_picture_that_is_a_grey_level_off_is_refused(tmp_path: Path) -> None:
    plain = network_proto("negative")
    onnx.save(plain, tmp_path / "plain.onnx")
    one = plain.graph.initializer[0]
    one.CopyFrom(numpy_helper.from_array(np.array([1 + 1 / 255], np.float32), one.name))
    with pytest.raises(RunError, match="gives another image than the plain one, at batch 1"):
        check(seeded_from(plain), Network(tmp_path / "plain.onnx", device="cpu"))


def test_numbers_of_another_network_are_refused(tmp_path: Path) -> None:
    plain = network_proto("encoder")
    onnx.save(plain, tmp_path / "plain.onnx")
    weight = plain.graph.initializer[0]
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) + np.float32(1e-3), "w"))
    with pytest.raises(RunError, match="gives another mean than the plain one, at batch 1"):
        check(seeded_from(plain), Network(tmp_path / "plain.onnx", device="cpu"))


def test_a_graph_that_draws_other_pictures_is_refused(tmp_path: Path) -> None:
    plain = plain_model(DIGITS)
    onnx.save(plain, tmp_path / "plain.onnx")
    generator = Generator(tmp_path / "plain.onnx", device="cpu")
    right = seeded_from(plain)
    check(right, generator)
    wrong = ModelProto.FromString(right.SerializeToString())
    table = next(tensor for tensor in wrong.graph.initializer if list(tensor.dims) == [4096])
    table.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(table)[::-1].copy(), table.name))
    with pytest.raises(RunError, match="gives another image than the plain one, at batch 1"):
        check(wrong, generator)
