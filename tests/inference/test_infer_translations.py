"""Images to images of any size: alone, in folders, in tiles."""

import json
import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from pipeline.inference import Network
from pipeline.inference.contract.format_image_to_image import FORMAT
from pipeline.inference.contract.tiles import Tiles, cut, pieces, spans, tiles_of
from tests.inference.conftest import metadata_of, weights

AROUND = 3  # of the network below: 2 by the 5x5, 1/2 for either half of a pixel, 1/2 by the 3x3 after


@pytest.fixture
def doubling(tmp_path):
    """A file of the form, twice as large: reflect, 5x5, pixel shuffle, 3x3. `changes` are of its metadata."""
    arrays = {"pads": np.array([0, 0, 2, 2, 0, 0, 2, 2]), "w": weights(12, 3, 5, 5), "v": weights(3, 3, 3, 3)}
    nodes = [
        helper.make_node("Pad", ["pixel_values", "pads"], ["padded"], mode="reflect"),
        helper.make_node("Conv", ["padded", "w"], ["maps"]),
        helper.make_node("DepthToSpace", ["maps"], ["larger"], blocksize=2),
        helper.make_node("Conv", ["larger", "v"], ["logits"], pads=[1, 1, 1, 1]),
        helper.make_node("Sigmoid", ["logits"], ["reconstruction"]),
    ]
    sides = (("pixel_values", "height", "width"), ("reconstruction", "high", "wide"))
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3, *free]) for name, *free in sides
    ]
    initialisers = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "form", values[:1], values[1:], initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def make(**changes):
        form = {"format": FORMAT, "size": "null", "scale": "2", "step": "1", "least": "3"}
        about = metadata_of([], (1, 8, 8)) | form | {"reach": str(AROUND)} | changes
        helper.set_model_props(model, about)
        onnx.save(model, tmp_path / "doubling.onnx")
        return tmp_path / "doubling.onnx"

    return make


@pytest.fixture
def photos(tmp_path):
    """A folder of pictures as people have them, no two of one size or mode."""
    random, folder = np.random.default_rng(0), tmp_path / "photos"
    folder.mkdir()
    colours = random.integers(0, 256, (9, 14, 4), np.uint8)
    Image.fromarray(colours[..., :3]).save(folder / "colour.png")
    Image.fromarray(colours[:8]).save(folder / "glass.png")
    Image.fromarray(colours[:7, :, 0]).save(folder / "grey.png")
    Image.fromarray(colours[:7, :, 0].astype(np.uint16) * 256 + 77).save(folder / "deep.png")
    Image.fromarray(colours[:6, :, :3]).quantize(256).save(folder / "palette.png")
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned to the right
    Image.fromarray(colours[..., :3]).save(folder / "turned.png", exif=turned)
    return folder


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def made(path, given, side=None):
    """What the file makes of uint8 [H, W, 3]: float32 [3, 2 H, 2 W], of tiles put together."""
    network = Network(path, "cpu")
    height, width, _ = given.shape
    tiles = None if side is None else tiles_of(network.description, side)
    canvas = np.full((3, 2 * height, 2 * width), np.nan, np.float32)
    for piece in pieces(network, given, cut(network.description, height, width, tiles)):
        part = canvas[:, piece.top :, piece.left :][:, : piece.values.shape[1], : piece.values.shape[2]]
        assert np.isnan(part).all()  # nothing is made twice
        part[:] = piece.values
    return canvas


def levels(values):
    """Grey levels, uint8 [H, W, 3]."""
    return np.rint(values.transpose(1, 2, 0) * 255).astype(np.uint8)


def test_a_picture_keeps_its_size_and_comes_out_twice_as_large(gan_infer, doubling, photos):
    path = doubling()
    ask = ("--onnx", path, "--image", photos / "colour.png", "--out", "out.png")
    assert gan_infer(*ask) == (0, b"", ["wrote out.png"])
    given = pixels(photos / "colour.png")
    assert np.abs(pixels("out.png").astype(int) - levels(made(path, given))).max() <= 1
    assert "out.png already exists" in gan_infer(*ask)[2][0]
    assert gan_infer(*ask, "--force", "--scale", 3)[0] == 0
    assert pixels("out.png").shape == (54, 84, 3)


def test_a_folder_goes_to_a_folder_under_its_own_names(gan_infer, doubling, photos):
    path = doubling()
    code, out, lines = gan_infer(path, "--image", photos, "--out", "made/", "--json")
    assert (code, lines) == (0, ["wrote made/colour.png to made/turned.png, 6 pictures"])
    assert json.loads(out)["pictures"][1] == {"file": "made/deep.png", "from": str(photos / "deep.png")}
    assert sorted(os.listdir("made")) == sorted(os.listdir(photos))
    raw = np.asarray(Image.open(photos / "glass.png"))
    light, seen = raw[..., :3].astype(float), raw[..., 3:] / 255
    upright = np.rot90(pixels(photos / "turned.png"), -1)
    wanted = {
        "grey": np.asarray(Image.open(photos / "grey.png"))[..., None].repeat(3, 2),
        "deep": np.asarray(Image.open(photos / "grey.png"))[..., None].repeat(3, 2),
        "palette": pixels(photos / "palette.png"),
        "turned": upright,
        "glass": np.rint(light * seen + 255 * (1 - seen)).astype(np.uint8),  # on white
    }
    for name, shown in wanted.items():
        expected = levels(made(path, np.ascontiguousarray(shown)))
        assert np.abs(pixels(f"made/{name}.png").astype(int) - expected).max() <= 2, name


def test_a_fixed_size_goes_to_a_folder_under_its_names_too(gan_infer, make_network, picture):
    assert gan_infer(make_network("negative"), "--image", picture, "--out", "made/")[0] == 0
    assert np.array_equal(pixels("made/ramp.png"), 255 - pixels(picture))


def test_tiles_join_to_what_the_whole_becomes(doubling):
    path, given = doubling(), np.random.default_rng(1).integers(0, 256, (41, 67, 3), np.uint8)
    whole = made(path, given)
    assert not np.isnan(whole).any()
    for side in (2 * AROUND + 1, 16, 50, 500):
        np.testing.assert_allclose(made(path, given, side), whole, atol=1e-5)
    few = doubling(reach=str(AROUND - 1))  # one pixel less would show
    assert np.abs(made(few, given, 16) - whole).max() > 1e-3


def test_the_command_cuts_too(gan_infer, doubling, photos):
    path, ask = doubling(), ("--image", photos / "colour.png")
    gan_infer(path, *ask, "--out", "whole.png")
    gan_infer(path, *ask, "--out", "tiles.png", "--tile", 8)
    assert np.abs(pixels("whole.png").astype(int) - pixels("tiles.png")).max() <= 1


@given(st.integers(1, 300), st.integers(0, 20), st.sampled_from([1, 2, 4, 32]), st.integers(0, 90))
@settings(max_examples=200, deadline=None)
def test_a_side_is_cut_without_gaps_and_with_the_overlap(length, around, step, more):
    around = -(-around // step) * step
    side = 2 * around + step + more
    found = spans(length, Tiles(side, around, step))
    assert [span.kept_first for span in found] == [0, *(span.kept_last for span in found[:-1])]
    assert found[-1].kept_last == length
    for span in found:
        assert span.last - span.first <= side
        assert span.first % step == 0
        assert span.kept_first - span.first == min(span.kept_first, around)
        assert span.last - span.kept_last == min(length - span.kept_last, around)


def test_what_cannot_be_done_is_one_line(gan_infer, doubling, photos, make_network, conditional, tmp_path):
    path = doubling()
    small, text = tmp_path / "small.png", tmp_path / "text.png"
    Image.new("RGB", (7, 2)).save(small)
    text.write_text("no picture")
    lines = {
        "7 x 2 pixels: too small; tiny takes 3 a side or more": (path, "--image", small),
        "text.png: can't be read as a picture": (path, "--image", text),
        "--tile 6: say 7 or more, for 3 pixels overlap on each side": (path, "--image", small, "--tile", 6),
        "6 pictures: say a folder for them, --out FOLDER/": (path, "--image", photos, "--out", "x.png"),
        "--image is missing: tiny (gan) takes pixel_values": (path,),
        "--digit: tiny (gan) takes pixel_values": (path, "--image", small, "--digit", 5),
        "--tile 64: negative takes pictures of 8 x 8 pixels alone": (
            *(make_network("negative"), "--image", small, "--tile", 64),
        ),
        "--tile 64: is for a network from an image to one": (conditional, "--tile", 64),
    }
    for told, command in lines.items():
        code, out, (line,) = gan_infer(*command)
        assert (code, out) == (2, b"")
        assert told in line
    assert list(Path().iterdir()) == []


def test_two_pictures_of_one_name_are_told_before_the_work(gan_infer, doubling, photos, tmp_path):
    (tmp_path / "more").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "more/grey.jpg")
    ask = ("--image", photos, "--image", tmp_path / "more", "--out", "made/")
    assert gan_infer(doubling(), *ask)[2] == [
        "gan-infer: --out made/: two pictures would be made/grey.png; rename one"
    ]
    assert list(Path().iterdir()) == []


def test_a_network_that_looks_at_all_refuses_tiles_and_says_why(gan_infer, doubling, photos):
    path = doubling(reach='"InstanceNormalization"')
    ask = ("--image", photos / "colour.png", "--out", "x.png")
    (line,) = gan_infer(path, *ask, "--tile", 64)[2]
    assert "each pixel that tiny makes hangs on the whole picture, by InstanceNormalization" in line
    assert gan_infer(path, *ask)[0] == 0


@pytest.mark.parametrize(
    ("key", "text"),
    [("size", "[8]"), ("size", "8"), ("scale", "0"), ("step", "x"), ("reach", "-1"), ("reach", '"<b>"')],
)
def test_metadata_that_can_not_be_are_named(gan_infer, doubling, key, text):
    code, _, (line,) = gan_infer("info", doubling(**{key: text}))
    assert code == 2
    assert f"its metadata {key!r} is {text!r}" in line


def test_it_can_be_told_and_checked(gan_infer, doubling):
    path = doubling()
    told = gan_infer("info", path)[1].decode()
    assert "float32 [N, 3, 2*height, 2*width] in [0, 1]" in told
    assert gan_infer("verify", path)[0] == 0
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 9
    onnx.save(model, path)
    assert "its input 'pixel_values' is tensor(float) [N, 3, 9, N]" in gan_infer("info", path)[2][0]
