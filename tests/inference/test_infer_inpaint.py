"""gan-infer inpaint: the hole is filled from the generator, the rest stays; and its loss, written out."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.inference import Generator
from pipeline.inference.contract.inpainting import inpaint, near_the_hole
from pipeline.inference.contract.search import improbability
from pipeline.inference.errors import InferenceError
from pipeline.inference.output.pictures import save, sheet
from tests.inference.conftest import DIGITS
from tests.inference.searches import put_search

HOLE = np.s_[1:3, 2:4]


@pytest.fixture
def generator(conditional):
    put_search(conditional, DIGITS, (1, 4, 5), "normal")
    return Generator(conditional)


@pytest.fixture
def spoilt(generator, tmp_path):
    """A 3 of the generator's own and as it is with a hole, and the mask."""
    (image,) = generator.sample([3], [5])
    save(sheet(image[None], 1, 1), tmp_path / "whole.png")
    holed, mask = image.copy(), np.full((4, 5), 255, np.uint8)
    holed[HOLE], mask[HOLE] = 255 - holed[HOLE] // 2, 0
    save(sheet(holed[None], 1, 1), tmp_path / "spoilt.png")
    Image.fromarray(mask).save(tmp_path / "hole.png")
    return tmp_path


def pixels(path):
    return np.asarray(Image.open(path)).astype(int)


def test_the_hole_is_filled_and_the_rest_stays(gan_infer, generator, spoilt):
    ask = ("--image", spoilt / "spoilt.png", "--mask", spoilt / "hole.png", "--steps", 300, "--json")
    code, out, lines = gan_infer("inpaint", generator.path, *ask)
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith("wrote tiny-inpainted.png after ")
    filled, right = pixels("tiny-inpainted.png"), pixels(spoilt / "whole.png")
    known = pixels(spoilt / "hole.png") == 255
    assert np.array_equal(filled[known], right[known])
    assert np.abs(filled - right).max() < 20
    assert np.abs(pixels(spoilt / "spoilt.png") - right).max() > 60
    assert json.loads(out)["pictures"][0]["loss"] < 0.3


def test_several_pictures_become_a_sheet(gan_infer, generator, spoilt):
    both = ("--image", spoilt / "spoilt.png", "--image", spoilt / "whole.png", "--mask", spoilt / "hole.png")
    ask = (*both, "--digit", 3, "--steps", 5, "--out", "x.png")
    assert gan_infer("inpaint", generator.path, *ask)[0] == 0
    assert pixels("x.png").shape == (4, 10)


def test_the_loss_is_the_weighted_sum_and_the_prior(generator):
    images = generator.run(np.ones((1, 6), np.float32), [3])
    mask = np.ones((1, 1, 4, 5), np.float32)
    mask[..., 1:3, 2:4] = 0
    filled, found = inpaint(generator, images, mask, np.array([3]), steps=3)
    (z,), made = found.z, generator.run(found.z, [3])
    weights = near_the_hole(mask)
    expected = (weights * np.abs(made - images)).sum() + 0.003 * (z @ z) / 2
    np.testing.assert_allclose(found.error, [expected], rtol=1e-5)
    np.testing.assert_array_equal(filled, np.where(mask == 1, images, made))


def test_a_pixel_counts_by_the_covered_share_of_its_window():
    mask = np.ones((1, 1, 12, 12), np.float32)
    mask[..., 5, 5] = 0
    weights = near_the_hole(mask)[0, 0]
    assert weights[5, 5] == 0
    assert weights[5, 6] == weights[3, 8] == np.float32(1 / 49)
    assert weights[2, 5] == np.float32(1 / 42)  # a row of its window is beyond the edge
    assert weights[5, 9] == weights[1, 5] == 0
    corner = np.ones((1, 1, 12, 12), np.float32)
    corner[..., 0, 0] = 0
    assert near_the_hole(corner)[0, 0, 0, 1] == np.float32(1 / 20)  # 4 x 5 pixels of its window are there


def test_the_prior_is_that_of_the_latent():
    z = np.array([[1, 2], [0, 3]], np.float32)
    told, along = improbability(z, "normal")
    assert told.tolist() == [2.5, 4.5]
    assert np.array_equal(along, z)
    assert not np.concatenate([improbability(z, "uniform")[0], improbability(z, "uniform")[1].ravel()]).any()


def test_what_cannot_be_done_is_one_line(gan_infer, generator, spoilt):
    path, image = generator.path, ("--image", spoilt / "spoilt.png")
    Image.new("L", (5, 4), 255).save(spoilt / "white.png")
    Image.new("L", (5, 4), 0).save(spoilt / "black.png")
    Image.new("L", (6, 4), 255).save(spoilt / "wide.png")
    lines = {
        "--mask is missing: a picture with a hole": image,
        "--image is missing": ("--mask", spoilt / "hole.png"),
        "wide.png: 6 x 4 pixels; ": (*image, "--mask", spoilt / "wide.png"),
        "covers nothing; black is what is to be filled": (*image, "--mask", spoilt / "white.png"),
        "covers everything; black is": (*image, "--mask", spoilt / "black.png"),
        "--out x.json: end it in .png": (*image, "--mask", spoilt / "hole.png", "--out", "x.json"),
    }
    for told, options in lines.items():
        code, out, (line,) = gan_infer("inpaint", path, *options)
        assert (code, out) == (2, b"")
        assert told in line
    assert list(Path().iterdir()) == []
    with pytest.raises(InferenceError, match="1 where a pixel is known and 0 where it is covered"):
        inpaint(generator, generator.run(np.ones((1, 6), np.float32), [3]), np.full((1, 1, 4, 5), 0.5, "f4"))


def test_a_search_of_an_older_export_is_told(gan_infer, generator, spoilt, monkeypatch):
    import onnx

    part = generator.path.with_suffix(".parts") / "search.onnx"
    model = onnx.load(part)
    (entry,) = [entry for entry in model.metadata_props if entry.key == "fields"]
    said = json.loads(entry.value)
    del said["inputs"]["absolute"]
    entry.value = json.dumps(said)
    (old,) = [value for value in model.graph.input if value.name == "absolute"]
    model.graph.input.remove(old)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(1, np.float32), "absolute"))
    onnx.save(model, part)
    (line,) = gan_infer("invert", generator.path, "--image", spoilt / "whole.png")[2]
    assert line.endswith("search.onnx: of an older export; `dvc repro export` writes it anew")
