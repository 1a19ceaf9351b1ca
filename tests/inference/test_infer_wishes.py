"""What people type who have not read the help: names, a file alone, other formats, the same line twice."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.inference import Generator

THINGS = ["cat", "dog", "ship"]


@pytest.fixture
def things(make_model):
    return make_model("things.onnx", classes=THINGS, metadata={"dataset": "folder"})


def test_the_file_alone_does_what_onnx_does(gan_infer, conditional):
    assert gan_infer(conditional, "--digit", 5) == (0, b"", ["wrote digit-5.png"])


@pytest.mark.parametrize("option", ["--label", "--class", "--digit"])
def test_the_answer_is_about_the_option_that_was_given(gan_infer, unconditional, option):
    code, _, lines = gan_infer("--onnx", unconditional, option, 5)
    assert code == 2
    assert lines == [
        f"gan-infer: {option} 5: plain (gan) was trained without labels, so it can't be asked for one; "
        f"leave {option} out"
    ]


@pytest.mark.parametrize(("digits", "labels"), [("cat,ship", [0, 2]), ("ship", [2]), ("20", [2, 0])])
def test_digits_are_classes_by_name_or_number(gan_infer, things, digits, labels):
    assert gan_infer("--onnx", things, "--digits", digits, "--out", "row.png")[0] == 0
    expected = Generator(things).sample(labels, range(len(labels)))
    row = np.asarray(Image.open("row.png"))
    assert np.array_equal(row, np.concatenate(list(expected[..., 0]), axis=1))


def test_a_grid_without_classes_has_a_latent_each(gan_infer, unconditional):
    assert gan_infer("grid", unconditional, "--rows", 2) == (0, b"", ["wrote plain-grid.png"])
    expected = Generator(unconditional).sample(None, range(20))
    sheet = np.asarray(Image.open("plain-grid.png"))
    assert sheet.shape == (6, 20, 3)
    assert np.array_equal(sheet[3:, -2:], expected[19])


@pytest.mark.parametrize(("out", "kind"), [("a.jpg", "JPEG"), ("a.jpeg", "JPEG"), ("a.webp", "WEBP")])
def test_the_ending_chooses_the_format(gan_infer, conditional, out, kind):
    assert gan_infer("--onnx", conditional, "--digit", 3, "--out", out)[0] == 0
    with Image.open(out) as picture:
        assert (picture.format, picture.size) == (kind, (5, 4))


def test_webp_is_lossless(gan_infer, unconditional):
    gan_infer("--onnx", unconditional, "--out", "a.webp")
    assert np.array_equal(np.asarray(Image.open("a.webp")), Generator(unconditional).sample(None, [0])[0])


def test_a_second_picture_has_a_name_of_its_own(gan_infer, conditional):
    for seed, name in enumerate(["digit-5.png", "digit-5-2.png", "digit-5-3.png"]):
        assert gan_infer("--onnx", conditional, "--digit", 5, "--seed", seed)[2] == [f"wrote {name}"]
    for name in ("tiny-grid.png", "tiny-grid-2.png"):
        assert gan_infer("grid", conditional)[2] == [f"wrote {name}"]
    for name in ("digit-5-dimension-0.png", "digit-5-dimension-0-2.png"):
        assert gan_infer("sweep", conditional, "--digit", 5)[2] == [f"wrote {name}"]


@pytest.mark.parametrize("out", ["a.png", "a.npz", "{seed}.png", "folder/"])
def test_a_file_that_was_named_is_replaced_by_force_alone(gan_infer, conditional, out):
    ask = ["--onnx", conditional, "--digit", 5, "--count", 2, "--out", out]
    assert gan_infer(*ask)[0] == 0
    before = {path: path.read_bytes() for path in Path().rglob("*.*")}
    code, _, (line,) = gan_infer(*ask, "--seed", 1)
    assert code == 2
    assert "already exists" in line
    assert line.endswith("add --force to replace it")
    assert before == {path: path.read_bytes() for path in Path().rglob("*.*")}
    assert gan_infer(*ask, "--seed", 1, "--force")[0] == 0


@pytest.mark.parametrize("out", ["a.gif", "a.png"])
def test_a_walk_is_replaced_by_force_alone(gan_infer, conditional, out):
    ask = ["interpolate", conditional, "--digit", 5, "--steps", 3, "--out", out]
    assert [gan_infer(*ask)[0], gan_infer(*ask)[0], gan_infer(*ask, "--force")[0]] == [0, 2, 0]


def test_a_name_that_cannot_be_used_is_told_by_its_characters(gan_infer, make_model):
    code, _, (line,) = gan_infer("--onnx", make_model(metadata={"name": "../up"}))
    assert code == 2
    assert "a name has letters, digits, '.', '_' and '-', and begins with a letter or digit" in line
    assert os.listdir() == []
