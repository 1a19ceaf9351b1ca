"""The form that strangers' programs open: RGB in [0, 1], any size, against the plain file."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

Exported = Callable[[str], Path]


def ran(path: Path, pictures: np.ndarray, given: str = "pixel_values") -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {given: pictures.astype(np.float32)})
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "part"), [("pix2pix-colour", "generator"), ("cyclegan-digits", "back")])
def test_at_the_trained_size_it_is_the_plain_file(exported: Exported, name: str, part: str) -> None:
    folder = exported(name) / "exported"
    plain = folder / (f"{name}.onnx" if part == "generator" else f"{name}.parts/{part}.onnx")
    size = onnx.load(plain).graph.input[0].type.tensor_type.shape.dim[2].dim_value
    grey = np.random.default_rng(0).random((2, 1, size, size))
    expected = (ran(plain, 2 * grey - 1, "image") + 1) / 2
    for file in ("onnx/model.onnx", "fixed.onnx"):
        found = ran(folder / f"{name}.parts/image-to-image/{part}" / file, grey.repeat(3, 1))
        np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-5)
        assert found.shape == (2, 3, size, size)


@pytest.mark.slow
def test_it_takes_any_size_and_what_is_added_is_cut_off_again(exported: Exported) -> None:
    path = exported("pix2pix-edges") / "exported/pix2pix-edges.parts/image-to-image/generator/onnx/model.onnx"
    random = np.random.default_rng(0)
    for size in ((32, 32), (64, 96), (37, 70), (5, 3)):
        found = ran(path, random.random((1, 3, *size)))
        assert found.shape == (1, 3, *size)
        assert 0 <= found.min() <= found.max() <= 1
    small = random.random((1, 3, 40, 50))
    whole = np.pad(small, ((0, 0), (0, 0), (0, 24), (0, 14)), mode="edge")
    np.testing.assert_allclose(ran(path, small), ran(path, whole)[:, :, :40, :50], atol=1e-5)


@pytest.mark.slow
def test_what_enlarges_gives_four_times_any_size_and_needs_no_more_pixels(exported: Exported) -> None:
    folder = exported("srgan-mnist") / "exported"
    form = folder / "srgan-mnist.parts/image-to-image/generator"
    random = np.random.default_rng(0)
    for size in ((8, 8), (5, 13)):
        assert ran(form / "onnx/model.onnx", random.random((1, 3, *size))).shape == (
            1,
            3,
            *(4 * np.array(size)),
        )
    grey = random.random((2, 1, 8, 8))
    expected = (ran(folder / "srgan-mnist.onnx", 2 * grey - 1, "image") + 1) / 2
    for file in ("onnx/model.onnx", "fixed.onnx"):
        found = ran(form / file, grey.repeat(3, 1))
        np.testing.assert_allclose(found, np.broadcast_to(expected, (2, 3, 32, 32)), atol=1e-5)
    made = onnx.load(form / "onnx/model.onnx").graph.output[0].type.tensor_type.shape.dim
    assert [side.dim_param for side in made[2:]] == ["4*height", "4*width"]


@pytest.mark.slow
def test_colour_is_seen_as_its_brightness_by_a_network_of_grey(exported: Exported) -> None:
    path = exported("pix2pix-edges") / "exported/pix2pix-edges.parts/image-to-image/generator/fixed.onnx"
    colours = np.random.default_rng(0).random((1, 3, 32, 32))
    grey = np.tensordot([0.299, 0.587, 0.114], colours, (0, 1))[:, None].repeat(3, 1)
    np.testing.assert_allclose(ran(path, colours), ran(path, grey), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file"), [("pix2pix-edges", "onnx/model.onnx"), ("inpaint-mnist", "fixed.onnx")]
)
def test_what_transformers_js_needs_lies_beside_it(exported: Exported, name: str, file: str) -> None:
    folder = exported(name) / f"exported/{name}.parts/image-to-image/generator"
    model = onnx.load(folder / file)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    config, processor = (
        json.loads((folder / name).read_text()) for name in ("config.json", "preprocessor_config.json")
    )
    assert config["architectures"] == ["Swin2SRForImageSuperResolution"]
    assert (processor["do_pad"], processor["rescale_factor"]) == (False, 1 / 255)


@pytest.mark.slow
def test_nothing_else_has_the_form(exported: Exported) -> None:
    assert not (exported("vae-mnist") / "exported/vae-mnist.parts/image-to-image").exists()
