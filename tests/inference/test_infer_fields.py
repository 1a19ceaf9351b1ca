"""One option a kind: what is given is used, what is not is drawn, what is wrong is one line."""

import csv
import json
import os
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from PIL import Image

from pipeline.fields import Field
from pipeline.inference import Generator, Network
from pipeline.inference.cli import asked
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.inputs import Given, filled
from pipeline.inference.contract.walks import interpolate
from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared import noise

INFOGAN = {
    "z": Field("latent", (6,), {"distribution": "normal"}),
    "category": Field("category", (), {"count": 10}),
    "code": Field("code", (2,), {"low": -1.0, "high": 1.0}),
}
ABOUT = Description("gan-pipeline/2", *["tiny"] * 8, INFOGAN, {"image": Field("image", (1, 8, 8))})


def pixels(path):
    return np.asarray(Image.open(path))


def drawn(path, seeds, rows=None, entries=None):
    """What the file draws of a Given, side by side."""
    images = np.concatenate(list(Network(path).pictures(seeds, Given(rows or {}, entries or {}))))
    return np.concatenate(list(images[..., 0]), axis=1)


# Drawn or given


def test_each_input_is_drawn_from_columns_of_its_own():
    inputs = filled(ABOUT, Given(), [3, 4])
    assert np.array_equal(inputs["z"], noise.latent([3, 4], 6, "normal"))
    shares = noise.latent([3, 4], 9, "uniform")[:, 6:]
    assert inputs["category"].tolist() == (shares[:, 0] * 10).astype(int).tolist()
    np.testing.assert_allclose(inputs["code"], 2 * shares[:, 1:] - 1, atol=1e-6)


def test_what_is_given_moves_nothing_else():
    free = filled(ABOUT, Given(), [3])
    fixed = filled(ABOUT, Given({"z": np.ones((1, 6), np.float32)}, {"code": {1: 0.75}}), [3])
    assert fixed["category"] == free["category"]
    assert fixed["code"].tolist() == [[free["code"][0, 0], 0.75]]
    assert (fixed["z"] == 1).all()


def test_codes_are_numbered_from_1_over_categories_and_codes(gan_infer, make_network):
    path = make_network("infogan")
    assert gan_infer(path, "--code", "1=7", "--code", "3=0.7", "--seed", 5)[2] == ["wrote infogan.png"]
    expected = drawn(path, [5], {"category": np.array([7])}, {"code": {1: 0.7}})
    assert np.array_equal(pixels("infogan.png"), expected)
    assert not np.array_equal(expected, drawn(path, [5]))


def test_a_field_is_given_by_its_name(gan_infer, make_network):
    path = make_network("infogan")
    z = [0.5, -1, 0, 1, 2, -2]
    asks = [f"z={','.join(map(str, z))}", "category=3", "code=-1,1"]
    gan_infer(path, *[word for ask in asks for word in ("--field", ask)], "--out", "x.png")
    rows = {
        "z": np.array([z], np.float32),
        "category": np.array([3]),
        "code": np.array([[-1, 1]], np.float32),
    }
    assert np.array_equal(pixels("x.png"), drawn(path, [0], rows))


def test_several_rows_are_several_pictures(gan_infer, make_network):
    path = make_network("infogan")
    gan_infer(path, *[w for k in (3, 1, 4) for w in ("--field", f"category={k}")], "--out", "x.png")
    assert np.array_equal(pixels("x.png"), drawn(path, [0, 1, 2], {"category": np.array([3, 1, 4])}))


def test_rows_and_a_count_that_disagree_are_told(gan_infer, make_network):
    ask = [make_network("infogan"), "--field", "category=3", "--field", "category=1"]
    assert gan_infer(*ask, "--count", 3)[2] == ["gan-infer: 3 are asked for, 2 rows given: leave --count out"]
    more = [word for _ in range(3) for word in ("--field", "code=0,0")]
    line = gan_infer(*ask, *more)[2]
    assert line == ["gan-infer: 2 of category, 3 of code: say one, for all, or the same number of each"]


def test_a_picture_depends_on_its_seed_and_place_alone(make_network):
    network = Network(make_network("infogan"))
    rows = {"category": np.arange(40) % 10}
    whole = np.concatenate(list(network.pictures(range(40), Given(rows))))
    small = np.concatenate(list(network.pictures(range(40), Given(rows), batch=7)))
    assert np.array_equal(whole, small)


# The same file in either format


def as_format_2(path):
    """Give a conditional format 1 file the metadata of format 2."""
    model, about = onnx.load(path), Generator(path).description
    fields = {
        side: {
            name: {"kind": field.kind, "shape": list(field.shape), "about": dict(field.about)}
            for name, field in getattr(about, side).items()
        }
        for side in ("inputs", "outputs")
    }
    said = {entry.key: entry.value for entry in model.metadata_props} | {"format": "gan-pipeline/2"}
    del model.metadata_props[:]
    helper.set_model_props(model, said | {"fields": json.dumps(fields)})
    other = path.with_name("other.onnx")
    other.write_bytes(model.SerializeToString())
    return other


COMMANDS = [
    ["--digit", 5, "--seed", 7],
    ["--label", 5, "--count", 3],
    ["--digits", 2026],
    ["--count", 12, "--columns", 5],
]


@pytest.mark.parametrize("options", COMMANDS)
def test_either_format_gives_the_same_bytes(gan_infer, conditional, options):
    for path, name in ((conditional, "a.png"), (as_format_2(conditional), "b.png")):
        assert gan_infer(path, *options, "--out", name)[0] == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


@pytest.mark.parametrize(
    "command", [["grid"], ["interpolate", "--digit", 3, "--to-digit", 8], ["sweep", "--dimension", 5]]
)
def test_walks_are_the_same_in_either_format(gan_infer, conditional, command):
    for path, name in ((conditional, "a.png"), (as_format_2(conditional), "b.png")):
        assert gan_infer(command[0], path, *command[1:], "--out", name)[0] == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


def test_the_label_may_be_given_as_a_field(gan_infer, conditional):
    gan_infer(conditional, "--digit", 5, "--out", "a.png")
    assert gan_infer(conditional, "--field", "label=5")[2] == ["wrote digit-5.png"]
    assert Path("a.png").read_bytes() == Path("digit-5.png").read_bytes()
    line = gan_infer(conditional, "--field", "label=5", "--digit", 4)[2]
    assert line == ["gan-infer: label is given twice: by --field and by --digit or --digits"]


def test_codes_stay_while_the_latent_walks(make_network):
    generator = Generator(make_network("infogan"))
    others = generator.others([4])
    assert sorted(others) == ["category", "code"]
    z = noise.latent([4, 4], 6, "normal")
    images = generator.pixels(generator.run(z, None, others))
    assert np.array_equal(images, generator.sample(None, [4, 4]))
    walk = interpolate(generator, (4, 5), (None, None), 2)
    last = generator.pixels(generator.run(noise.latent([5], 6, "normal"), None, others))
    assert np.array_equal(walk, np.concatenate([images[:1], last]))


def test_a_generator_gives_an_image(make_network):
    path = make_network("codes")
    assert Network(path).description.noise == "z"
    with pytest.raises(InferenceError, match=r"gives mean \(latent\); this needs a latent in, an image out"):
        Generator(path)


@pytest.mark.parametrize("command", ["grid", "interpolate", "sweep"])
def test_a_walk_needs_a_latent_and_an_image(gan_infer, make_network, command):
    assert gan_infer(command, make_network("infogan"))[0] == 0
    for name in ("encoder", "negative"):
        code, _, (line,) = gan_infer(command, make_network(name))
        assert code == 2
        assert "this needs a latent in, an image out" in line
        assert "(image, --image FILE)" in line


# Networks without noise


def test_an_image_to_image_network_writes_a_picture(gan_infer, make_network, picture):
    assert gan_infer(make_network("negative"), "--image", picture)[2] == ["wrote negative.png"]
    expected = 255 - np.repeat(pixels(picture)[..., None], 3, axis=2)
    assert np.array_equal(pixels("negative.png"), expected)


def test_pictures_of_a_folder_become_a_sheet_or_a_file_each(gan_infer, make_network, picture, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(3):
        Image.fromarray(np.full((8, 8), 100 * index, np.uint8)).save(folder / f"{index}.png")
    path = make_network("negative")
    gan_infer(path, "--image", folder, "--image", picture, "--out", "sheet.png")
    assert pixels("sheet.png").shape == (8, 32, 3)
    assert pixels("sheet.png")[0, [0, 8, 16], 0].tolist() == [255, 155, 55]
    gan_infer(path, "--image", folder, "--out", "each/{index}.png")
    assert sorted(os.listdir("each")) == ["0.png", "1.png", "2.png"]


def test_two_images_are_given_by_name(gan_infer, make_network, picture, tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "black.png")
    path = make_network("blend")
    fields = ["--field", f"first={picture}", "--field", f"second={tmp_path / 'black.png'}"]
    gan_infer(path, *fields, "--out", "x.png")
    assert np.abs(pixels("x.png") - pixels(picture) / 2).max() <= 1
    code, _, (line,) = gan_infer(path, "--image", picture)
    assert (code, "say --field with first or second" in line) == (2, True)
    code, _, (line,) = gan_infer(path, *fields[:2])
    assert (code, "second is missing" in line, "--field second=VALUE" in line) == (2, True, True)
    gan_infer(path, *fields, "--out", "all.npz")
    with np.load("all.npz") as arrays:
        assert sorted(arrays) == ["difference", "image"]


def test_an_encoder_prints_its_latents(gan_infer, make_network, picture):
    code, out, lines = gan_infer(make_network("encoder"), "--image", picture)
    table = out.decode().splitlines()
    assert (code, lines, len(table)) == (0, [], 4)
    assert table[0].split() == ["mean", *"01234567", "..."]
    (mean,) = encoded(make_network("encoder"), picture)["mean"]
    assert table[1].split()[1:9] == [f"{value:.4g}" for value in mean[:8]]
    assert table[1].endswith("12 in all")


def encoded(path, picture):
    array = (pixels(picture).astype(np.float32) / 127.5 - 1)[None, None]
    return Network(path).compute({"image": array})


def test_an_encoder_writes_all_its_numbers(gan_infer, make_network, picture):
    path = make_network("encoder")
    expected = encoded(path, picture)
    for name in ("x.json", "x.csv", "x.npz"):
        code, out, lines = gan_infer(path, "--image", picture, "--image", picture, "--out", name)
        assert (code, out, lines) == (0, b"", [f"wrote {name}"])
    told = json.loads(Path("x.json").read_text())["outputs"]
    with open("x.csv", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header == [f"{name}.{index}" for name in ("mean", "log_variance") for index in range(12)]
    assert len(rows) == 2
    with np.load("x.npz") as arrays:
        for index, name in enumerate(("mean", "log_variance")):
            assert arrays[name].dtype == np.float32
            written = np.array(rows, np.float32)[:, 12 * index : 12 * (index + 1)]
            for found in (arrays[name], told[name], written):
                np.testing.assert_allclose(found, np.repeat(expected[name], 2, axis=0), atol=1e-6)


def test_a_classifier_says_the_likeliest_first_and_all_in_json(gan_infer, make_network, picture):
    path = make_network("classifier")
    code, out, _ = gan_infer(path, "--image", picture, "--json")
    (odds,) = json.loads(out)["outputs"]["probabilities"]
    assert (code, sorted(odds)) == (0, ["cat", "dog", "ship"])
    assert sum(odds.values()) == pytest.approx(1)
    table = gan_infer(path, "--image", picture)[1].decode().splitlines()
    order = sorted(odds, key=odds.get, reverse=True)
    assert re.findall(r"([a-z]+) \(", table[1]) == order
    assert f"({odds[order[0]]:.1%})" in table[1]


def test_numbers_replace_a_file_by_force_alone(gan_infer, make_network, picture):
    ask = [make_network("classifier"), "--image", picture, "--out", "x.json"]
    assert [gan_infer(*ask)[0], gan_infer(*ask)[0], gan_infer(*ask, "--force")[0]] == [0, 2, 0]


def test_info_shows_inputs_and_outputs_with_their_kinds(gan_infer, make_network):
    told = gan_infer("info", make_network("infogan"))[1].decode()
    for words in (
        r"input z +latent, float32 \[N, 6\], drawn from N\(0, 1\)",
        r"input category +category, int64 \[N\], 0 to 9",
        r"input code +code, float32 \[N, 2\], each drawn from \[-1, 1\]",
        r"output image +image, float32 \[N, 1, 8, 8\] in \[-1, 1\]",
    ):
        assert re.search(words, told)
    told = json.loads(gan_infer("info", make_network("classifier"), "--json")[1])
    assert told["outputs"][0]["kind"] == "probabilities"
    assert told["outputs"][0]["about"] == {"classes": ["cat", "dog", "ship"]}


@pytest.mark.parametrize("name", ["infogan", "encoder", "classifier", "negative", "blend"])
def test_verify_and_bench_run_every_file(gan_infer, make_network, name):
    path = make_network(name)
    assert gan_infer("verify", path)[0] == 0
    assert gan_infer("bench", path, "--seconds", "0.01", "--device", "cpu")[0] == 0


# Missing, superfluous and wrong: one line, exit code 2, nothing written

LINES = {
    "image missing": ("encoder", [], "image is missing: encoder (encoder) takes image (image, --image FILE)"),
    "image superfluous": (
        "infogan",
        ["--image", "P"],
        "there is no image to give; infogan (infogan) takes",
    ),
    "code superfluous": ("encoder", ["--code", "1=2"], "there is no category and no code; encoder (encoder)"),
    "digit superfluous": ("negative", ["--digit", 5], "--digit 5: negative (negative) was trained without"),
    "field superfluous": (
        "encoder",
        ["--field", "z=1"],
        "there is no input 'z'; encoder (encoder) takes",
    ),
    "field without name": ("encoder", ["--field", "x.png"], "--field x.png: say NAME=VALUE; encoder"),
    "no file": ("encoder", ["--image", "no.png"], "--image no.png: no.png: no such file"),
    "no picture": ("encoder", ["--image", "MODEL"], "can't be read as a picture"),
    "given twice": ("encoder", ["--image", "P", "--field", "image=P"], "image is given twice: by --image"),
    "code twice": ("infogan", ["--code", "2=1", "--code", "2=0"], "--code 2=0: that is given twice"),
    "code and field": ("infogan", ["--field", "code=0,0", "--code", "2=1"], "code is given twice: by --code"),
    "code 0": ("infogan", ["--code", "0=1"], "where K is 1 to 3 (1 is category, 0 to 9, 2 is code[0], 3"),
    "code 4": ("infogan", ["--code", "4=1"], "--code 4=1: say K=VALUE, where K is 1 to 3"),
    "code no number": ("infogan", ["--code", "2=much"], "--code 2=much: 'much' is no number"),
    "category": ("infogan", ["--code", "1=10"], "--code 1=10: '10' is no category of infogan: say 0 to 9"),
    "latent": ("infogan", ["--field", "z=1,2"], "--field z=1,2: 2 numbers: say 6, between commas"),
    "numbers as png": (
        "encoder",
        ["--image", "P", "--out", "x.png"],
        "end it in .json, .csv or .npz;",
    ),
    "numbers shown": (
        "encoder",
        ["--image", "P", "--show"],
        "--show: is for pictures; encoder (encoder)",
    ),
    "numbers scaled": ("encoder", ["--image", "P", "--scale", 2], "--scale: is for pictures"),
    "picture as json": ("negative", ["--image", "P", "--out", "x.json"], "--out x.json: end it in .png"),
    "seed": ("infogan", ["--seed", 2**24], "a seed is a whole number from 0"),
}


@pytest.mark.parametrize(("name", "options", "told"), LINES.values(), ids=LINES.keys())
def test_what_is_wrong_is_one_line(gan_infer, make_network, picture, name, options, told):
    path = make_network(name)
    words = {"P": str(picture), "MODEL": str(path)}
    options = [str(word).replace("image=P", f"image={picture}") for word in options]
    code, out, lines = gan_infer(path, *[words.get(word, word) for word in options])
    assert (code, out, os.listdir()) == (2, b"", [])
    assert len(lines) == 1
    assert told in lines[0]


def test_a_label_that_can_not_be_drawn_is_missing(gan_infer, conditional):
    model = onnx.load(as_format_2(conditional))
    (entry,) = [entry for entry in model.metadata_props if entry.key == "fields"]
    said = json.loads(entry.value)
    del said["inputs"]["z"]
    entry.value = json.dumps(said)
    del model.graph.input[0]
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros((1, 6), np.float32), "z"))
    path = conditional.with_name("deaf.onnx")
    path.write_bytes(model.SerializeToString())
    assert gan_infer(path)[2] == [
        "gan-infer: --digit is missing: tiny (cdcgan) takes label (label, --digit CLASS)"
    ]
    assert gan_infer(path, "--digit", 3)[0] == 0


# --code, whatever is typed


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(-(2.0**100), 2.0**100, width=32)), max_size=4))
@settings(max_examples=100, deadline=None)
def test_codes_that_are_numbers_are_taken_as_they_are(pairs):
    pairs = list({place: (place, value) for place, value in pairs if place > 1}.values())
    given = asked.read(ABOUT, [f"{place}={value!r}" for place, value in pairs], {}, None)
    row = filled(ABOUT, given, [0])["code"][0]
    for place, value in pairs:
        assert row[place - 2] == np.float32(value)


@given(st.one_of(st.text(max_size=12), st.from_regex(r"[0-9+-]{1,3}=[0-9eE+.\-_naif]{1,8}", fullmatch=True)))
@settings(max_examples=300, deadline=None)
def test_any_code_is_taken_or_refused_in_one_line(text):
    problem = "--code"
    try:
        inputs = filled(ABOUT, asked.read(ABOUT, [text], {}, None), [0])
        assert np.isfinite(inputs["code"]).all()
        assert 0 <= inputs["category"][0] < 10
    except InferenceError as error:
        problem = str(error)
    assert problem.isprintable()
    assert problem.startswith("--code")


def test_a_grid_has_a_latent_a_row_and_a_category_a_column(gan_infer, make_network):
    path = make_network("infogan")
    assert gan_infer("grid", path, "--rows", 2, "--seed", 4)[2] == ["wrote infogan-grid.png"]
    every = {"category": np.arange(10)}
    expected = np.concatenate([drawn(path, [seed] * 10, every) for seed in (4, 5)])
    assert np.array_equal(pixels("infogan-grid.png"), expected)
