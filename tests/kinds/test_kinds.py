"""Each kind of field: how a value is read, checked and drawn, and what is refused."""

import ast
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import kinds
from pipeline.fields import Field
from pipeline.kinds.shared import noise
from pipeline.kinds.shared.errors import InferenceError

NAMES = ["cat", "dog", "ship"]
FIELDS = {
    "box": Field("box", (4,)),
    "latent": Field("latent", (3,), {"distribution": "normal"}),
    "code": Field("code", (2,), {"low": -2.0, "high": 4.0}),
    "category": Field("category", (), {"count": 10}),
    "label": Field("label", (), {"classes": NAMES}),
    "image": Field("image", (1, 4, 6), {"range": [-1, 1]}),
    "mask": Field("mask", (1, 4, 6)),
    "mel": Field(
        "mel", (1, 4, 6), {"range": [-1, 1], "rate": 8000, "hop": 8, "window": 32, "decibels": [-70, -10]}
    ),
    "voxels": Field("voxels", (1, 4, 4, 4), {"range": [0, 1]}),
    "numbers": Field("numbers", (3,)),
    "probabilities": Field("probabilities", (3,), {"classes": NAMES}),
    "text": Field("text", (4,), {"vocabulary": ["a", "large", "three"]}),
}


def test_every_file_is_a_kind_and_is_seen_by_what_lists_code():
    assert set(kinds.names()) == set(FIELDS)
    tree = ast.parse(Path(kinds.__file__).read_text())
    seen = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(FIELDS) <= seen


@pytest.mark.parametrize("kind", FIELDS)
def test_examples_and_drawn_values_pass_the_check(kind):
    module, field = kinds.find(kind), FIELDS[kind]
    module.check_field(field, "input")
    assert kinds.drawable(kind) is (kind in ("latent", "code", "category"))
    array = module.draw(field, range(5), 0) if kinds.drawable(kind) else module.example(field, 5)
    assert (array.dtype, array.shape) == (module.DTYPE, (5, *field.shape))
    module.check("x", field, array)


READ = {
    "latent": ("latent", "0.5,-1, 2e-1", [[0.5, -1, 0.2]]),
    "code": ("code", "-1,.5", [[-1, 0.5]]),
    "category": ("category", "9", [9]),
    "label by name": ("label", "DOG", [1]),
    "label by number": ("label", "2", [2]),
    "numbers": ("numbers", "1,-2,3e1", [[1, -2, 30]]),
    "probabilities": ("probabilities", "0.2,0.3,0.5", [[0.2, 0.3, 0.5]]),
    "box": ("box", "0, .5,0.25,0.5", [[0, 0.5, 0.25, 0.5]]),
    "text in any case": ("text", "Three, large!", [[3, 2, 0, 0]]),
}


@pytest.mark.parametrize(("kind", "text", "expected"), READ.values(), ids=READ.keys())
def test_a_value_is_read(kind, text, expected):
    array = kinds.find(kind).read(text, FIELDS[kind], "tiny")
    assert array.dtype == kinds.find(kind).DTYPE
    np.testing.assert_allclose(array, np.array(expected, array.dtype))


REFUSED = {
    "three of a box": ("box", "0,0,1", "3 numbers: say 4, between commas"),
    "few numbers": ("latent", "1,2", "2 numbers: say 3, between commas"),
    "no number": ("latent", "1,2,x", "'x' is no number"),
    "nan": ("code", "nan,0", "'nan' is no number"),
    "infinite": ("code", "1e39,0", "'1e39' is no number"),
    "other digits": ("code", "٣,0", "is no number"),
    "underscore": ("code", "1_0,0", "'1_0' is no number"),
    "category 10": ("category", "10", "'10' is no category of tiny: say 0 to 9"),
    "category -1": ("category", "-1", "'-1' is no category of tiny: say 0 to 9"),
    "category 1.0": ("category", "1.0", "'1.0' is no category of tiny"),
    "label": ("label", "catt", "'catt' is no class of tiny: say 0 to 2, or a class name such as cat"),
    "unknown word": ("text", "a larg three", "'larg' is no word that tiny knows: say large"),
    "word like none": ("text", "zebra", "'zebra' is no word that tiny knows: say one of a, large, three"),
    "many words": ("text", "a a a a a", "5 words: tiny takes 1 to 4"),
    "no word": ("text", " , ", "0 words: tiny takes 1 to 4"),
    "no file": ("image", "none.png", "none.png: no such file"),
}


@pytest.mark.parametrize(("kind", "text", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_a_value_that_is_none_is_told_what_would_be_right(kind, text, told):
    with pytest.raises(InferenceError) as caught:
        kinds.find(kind).read(text, FIELDS[kind], "tiny")
    assert told in str(caught.value)


def changed(kind, **at):
    """An example with its first value changed."""
    module, field = kinds.find(kind), FIELDS[kind]
    array = module.draw(field, range(2), 0) if kinds.drawable(kind) else module.example(field, 2)
    array.flat[0] = at["value"]
    return array


OF_A_BOX = "x {}: say left, top, width, height in shares of the picture; left and top are 0 or more"


def boxes(*numbers):
    """One box."""
    return np.array([numbers], np.float32)


CHECKED = {
    "box left of it": ("box", boxes(-0.1, 0, 0.5, 0.5), OF_A_BOX.format("-0.1, 0, 0.5, 0.5")),
    "box without width": ("box", boxes(0.5, 0, 0, 0.5), OF_A_BOX.format("0.5, 0, 0, 0.5")),
    "box too wide": ("box", boxes(0.5, 0, 0.6, 0.5), OF_A_BOX.format("0.5, 0, 0.6, 0.5")),
    "box too low": ("box", boxes(0.5, 0.75, 0.5, 0.5), OF_A_BOX.format("0.5, 0.75, 0.5, 0.5")),
    "dtype": ("latent", np.zeros((2, 3)), "x is float64 [2, 3]; say float32 [N, 3]"),
    "shape": ("image", np.zeros((2, 1, 6, 4), np.float32), "say float32 [N, 1, 4, 6]"),
    "no batch": ("category", np.zeros((), np.int64), "x is int64 []; say int64 [N]"),
    "latent nan": ("latent", changed("latent", value=np.nan), "x: holds a value that is not a number"),
    "image inf": ("image", changed("image", value=np.inf), "x: holds a value that is not a number"),
    "category": ("category", changed("category", value=10), "x 10: say 0 to 9"),
    "negative": ("category", changed("category", value=-1), "x -1: say 0 to 9"),
    "label": ("label", changed("label", value=3), "x 3: say 0 to 2"),
    "a pixel and a half": ("mask", changed("mask", value=1.5), "x: each pixel of a mask is from 0 to 1"),
    "infinite": ("numbers", changed("numbers", value=np.inf), "x: holds a value that is not a number"),
    "word 4": ("text", changed("text", value=4), "x 4: say 0 to 3"),
    "loud": ("mel", changed("mel", value=1.1), "x: each value is from -1 to 1"),
    "sum": ("probabilities", changed("probabilities", value=0.5), "add up to 1"),
    "below 0": ("probabilities", np.array([[-1, 1, 1]], np.float32), "are from 0 to 1"),
}


@pytest.mark.parametrize(("kind", "array", "told"), CHECKED.values(), ids=CHECKED.keys())
def test_an_array_that_is_no_batch_is_refused(kind, array, told):
    with pytest.raises(InferenceError) as caught:
        kinds.find(kind).check("x", FIELDS[kind], array)
    assert told in str(caught.value)


def test_a_number_alone_has_no_side():
    one, kind = Field("numbers"), kinds.find("numbers")
    kind.check_field(one, "output")
    kind.check("x", one, kind.read("0.5", one, "tiny"))
    assert kind.shown(one, np.float32(0.25)) == {"value": "0.25"}
    with pytest.raises(InferenceError, match="2 numbers: say 1"):
        kind.read("1,2", one, "tiny")


# Latents in a file


def test_a_file_of_latents_is_a_row_each(tmp_path):
    rows = np.arange(6, dtype=np.float64).reshape(2, 3)
    np.save(tmp_path / "z.npy", rows)
    found = kinds.find("latent").read(str(tmp_path / "z.npy"), FIELDS["latent"], "tiny")
    assert found.dtype == np.float32
    assert np.array_equal(found, rows)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (np.zeros((2, 4), np.float32), "no array of float32 [N, 3] (float32 [2, 4])"),
        (np.zeros(3, np.float32), "no array of float32 [N, 3] (float32 [3])"),
        (np.zeros((0, 3), np.float32), "no array of float32 [N, 3] (float32 [0, 3])"),
        (np.zeros((2, 3), np.int64), "no array of float32 [N, 3] (int64 [2, 3])"),
        (np.array([[{}, 1, 2]], object), "no array of float32 [N, 3]"),
        (b"\x93NUMPY", "no array of float32 [N, 3]"),
        (None, "z.npy: no such file"),
    ],
)
def test_another_file_is_no_latents(tmp_path, content, told):
    path = tmp_path / "z.npy"
    if isinstance(content, np.ndarray):
        np.save(path, content)
    elif content:
        path.write_bytes(content)
    with pytest.raises(InferenceError) as caught:
        kinds.find("latent").read(str(path), FIELDS["latent"], "tiny")
    assert told in str(caught.value)


# What is drawn


def test_a_latent_keeps_its_stream_and_the_next_input_goes_on_after_it():
    whole = noise.latent(range(50), 5, "normal")
    assert np.array_equal(kinds.find("latent").draw(FIELDS["latent"], range(50), 0), whole[:, :3])
    assert np.array_equal(kinds.find("latent").draw(FIELDS["latent"], range(50), 2), whole[:, 2:])


def test_codes_are_uniform_between_their_ends():
    codes = kinds.find("code").draw(FIELDS["code"], range(4000), 3)
    assert codes.min() >= -2
    assert codes.max() <= 4
    np.testing.assert_allclose(codes.mean(0), 1, atol=0.1)
    np.testing.assert_allclose(codes.std(0), 6 / 12**0.5, atol=0.1)
    assert abs(np.corrcoef(codes.T)[0, 1]) < 0.05


@pytest.mark.parametrize("count", [1, 10, 4096])
def test_categories_are_drawn_alike_and_all_of_them(count):
    field = Field("category", (), {"count": count})
    drawn = kinds.find("category").draw(field, range(50 * count if count < 100 else 2**17), 7)
    shares = np.bincount(drawn, minlength=count)
    assert len(shares) == count
    assert shares.min() > 0
    assert count > 100 or shares.max() < 1.5 * shares.mean()


# Pictures


def read(path, shape=(1, 4, 6), value_range=(-1, 1)):
    field = Field("image", shape, {"range": list(value_range)})
    return kinds.find("image").read(str(path), field, "tiny")


def saved(tmp_path, pixels, name="x.png", mode=None):
    Image.fromarray(np.asarray(pixels, np.uint8), mode).save(tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize(("value_range", "low", "high"), [((-1, 1), -1, 1), ((0, 1), 0, 1)])
def test_a_picture_of_the_right_size_is_scaled_to_the_range_and_comes_back(tmp_path, value_range, low, high):
    pixels = np.linspace(0, 255, 24).astype(np.uint8).reshape(4, 6)
    array = read(saved(tmp_path, pixels), value_range=value_range)
    assert (array.dtype, array.shape) == (np.float32, (1, 1, 4, 6))
    assert (array.min(), array.max()) == (low, high)
    field = Field("image", (1, 4, 6), {"range": list(value_range)})
    assert np.array_equal(kinds.find("image").pixels(field, array)[0, :, :, 0], pixels)


def test_the_centre_square_is_cut_out_before_it_is_resized(tmp_path):
    pixels = np.zeros((8, 20), np.uint8)
    pixels[:, 6:14] = 255  # the middle square is white
    assert (read(saved(tmp_path, pixels), (1, 4, 4)) == 1).all()
    assert (read(saved(tmp_path, pixels.T), (1, 4, 4)) == 1).all()
    assert read(saved(tmp_path, pixels), (1, 4, 5)).min() < 1  # a wider field takes more


def test_a_mask_counts_what_is_white_and_is_cut_as_its_picture_is(tmp_path):
    pixels = np.full((4, 6), 127)
    pixels[:, 3:] = 128
    mask = kinds.find("mask").read(str(saved(tmp_path, pixels)), FIELDS["mask"], "tiny")
    assert np.array_equal(mask, np.broadcast_to(np.arange(6) >= 3, (1, 1, 4, 6)))
    assert mask.dtype == np.float32
    with pytest.raises(InferenceError, match=r"not \[1, H, W\]"):
        kinds.find("mask").check_field(Field("mask", (3, 4, 6)), "input")


def test_grey_and_colour_as_the_field_has_it(tmp_path):
    red = saved(tmp_path, np.broadcast_to([255, 0, 0], (4, 6, 3)), "red.png")
    assert read(red, (3, 4, 6)).tolist() == [[[[1] * 6] * 4, [[-1] * 6] * 4, [[-1] * 6] * 4]]
    assert np.ptp(read(red)) == 0
    grey = saved(tmp_path, np.full((4, 6), 255), "grey.png")
    assert (read(grey, (3, 4, 6)) == 1).all()


def test_what_is_transparent_is_white_and_16_bits_keep_their_high_byte(tmp_path):
    clear = saved(tmp_path, np.zeros((4, 6, 4)), "clear.png")
    assert (read(clear) == 1).all()
    Image.fromarray(np.full((4, 6), 0xFFFF, np.uint16)).save(tmp_path / "deep.png")
    assert (read(tmp_path / "deep.png") == 1).all()
    Image.fromarray(np.full((4, 6), 0x00FF, np.uint16)).save(tmp_path / "deep.png")
    assert (read(tmp_path / "deep.png") == -1).all()


def test_a_photo_is_turned_upright(tmp_path):
    picture = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(6, 4) * 10)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter, clockwise
    picture.save(tmp_path / "turned.png", exif=exif)
    upright = np.asarray(picture.rotate(-90, expand=True))
    assert np.array_equal(np.rint((read(tmp_path / "turned.png")[0, 0] + 1) * 127.5), upright)


def test_a_folder_is_its_pictures_by_name(tmp_path):
    for name in ("b.png", "a.JPG", "c.webp"):
        saved(tmp_path, np.zeros((4, 6)), name)
    (tmp_path / "notes.txt").write_text("no picture")
    found = kinds.find("image").each(str(tmp_path))
    assert [Path(path).name for path in found] == ["a.JPG", "b.png", "c.webp"]
    assert kinds.find("image").each("x.png") == ["x.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InferenceError, match="empty: a folder without pictures"):
        kinds.find("image").each(str(tmp_path / "empty"))


def test_what_is_no_picture_is_told(tmp_path):
    path = tmp_path / "x.png"
    for content in (b"", b"<html>", saved(tmp_path, np.zeros((40, 60)), "y.png").read_bytes()[:60]):
        path.write_bytes(content)
        with pytest.raises(InferenceError, match="can't be read as a picture"):
            read(path)


def test_a_picture_that_claims_too_much_is_not_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(kinds.find("image"), "MAX_PIXELS", 23)
    with pytest.raises(InferenceError, match="6 x 4 pixels, at most 23"):
        read(saved(tmp_path, np.zeros((4, 6))))
