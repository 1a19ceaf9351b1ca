"""The generator that draws its own noise: the same z and the same bytes as the plain file and gan-infer."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from pipeline.errors import RunError
from pipeline.export.seeded import check, seeded_model
from pipeline.inference import Generator
from pipeline.inference.contract.metadata import parse_metadata
from pipeline.kinds.image import to_uint8
from pipeline.kinds.shared.noise import MAX_SEED, latent
from tests.inference.conftest import DIGITS, metadata_of, model_proto

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


def test_a_graph_that_draws_other_pictures_is_refused(tmp_path: Path) -> None:
    plain = plain_model(DIGITS)
    onnx.save(plain, tmp_path / "plain.onnx")
    generator = Generator(tmp_path / "plain.onnx", device="cpu")
    right = seeded_from(plain)
    check(right, generator)
    wrong = ModelProto.FromString(right.SerializeToString())
    table = next(tensor for tensor in wrong.graph.initializer if list(tensor.dims) == [4096])
    table.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(table)[::-1].copy(), table.name))
    with pytest.raises(RunError, match="other pictures than the plain one, at batch 1"):
        check(wrong, generator)
