"""gan-infer attributes and edit: what is moved is measured, and nothing else is moved."""

import csv
import json
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from pipeline.inference import Generator, cli
from pipeline.inference.contract import attributes, measures
from pipeline.inference.contract.factors import factors
from pipeline.kinds.shared.noise import latent

FLAGSHIP = Path(__file__).parents[2] / "exported/cdcgan.onnx"
SIZE = 32
STEP = {"slant": 13, "thickness": 0.66, "width": 2.6}  # about a deviation of MNIST's digits


def pixels(path):
    return np.asarray(Image.open(path))


def cells(path, size=SIZE):
    """The pictures of a sheet, uint8 [rows * columns, size, size, 1]."""
    sheet = pixels(path)
    rows, columns = sheet.shape[0] // size, sheet.shape[1] // size
    return sheet.reshape(rows, size, columns, size).swapaxes(1, 2).reshape(-1, size, size, 1)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What `attributes` makes of the flagship, once: its folder."""
    folder = tmp_path_factory.mktemp("found")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SystemExit) as caught:
            cli.main(["attributes", str(FLAGSHIP), "--strips", "strips.png"])
    assert not caught.value.code
    return folder


# Attributes that are measured


def test_attributes_are_moved_as_measured(found):
    told = {
        each["name"]: each
        for each in json.loads((found / "cdcgan-attributes.json").read_text())["attributes"]
    }
    assert list(told) == ["slant", "thickness", "width"]
    for name, each in told.items():
        assert each["spearman"] >= 0.95
        assert 0.7 < each["moved"] < 1.3
        assert each["deviation"] == pytest.approx(STEP[name], rel=0.1)
        assert each["low"] < each["mean"] < each["high"]
    assert 2 < told["thickness"]["mean"] < 5


def test_strips_have_a_class_a_row_and_the_attributes_side_by_side(found):
    every = cells(found / "strips.png").reshape(10, 3, 9, SIZE, SIZE, 1)
    values = measures.measured(every.reshape(-1, SIZE, SIZE, 1), np.zeros(1)).reshape(10, 3, 9, 3)
    for index in range(3):
        assert (values[:, index, -1, index] > values[:, index, 0, index]).all()
    middle = Generator(FLAGSHIP).sample(range(10), [0] * 10)
    assert np.array_equal(every[:, 1, 4], middle)


def test_attributes_prints_a_table_or_json(gan_infer, found, monkeypatch):
    monkeypatch.setattr("pipeline.inference.cli.attributes.TRIED", 10)
    code, out, lines = gan_infer("attributes", FLAGSHIP, "--json", "--out", "x.json")
    assert (code, lines) == (0, ["wrote x.json"])
    assert [each["attribute"] for each in json.loads(out)["attributes"]] == ["slant", "thickness", "width"]
    out = gan_infer("attributes", FLAGSHIP, "--out", "y.json")[1].decode().splitlines()
    assert out[0].split() == ["attribute", "unit", "mean", "deviation", "low", "high", "spearman", "moved"]
    assert out[1].startswith("slant      degrees")
    assert Path("x.json").read_bytes() == Path("y.json").read_bytes()


@pytest.mark.parametrize(("index", "name"), enumerate(STEP))
def test_edit_moves_one_attribute(gan_infer, found, index, name):
    vectors = ["--vectors", found / "cdcgan-attributes.json"]
    ask = ["edit", FLAGSHIP, *vectors, "--seed", 7]
    assert gan_infer(*ask, "--attribute", f"{name}=+1.5", "--steps", 3)[2] == ["wrote cdcgan-edited.png"]
    values = measures.measured(cells("cdcgan-edited.png"), np.zeros(1)).reshape(10, 3, 3)
    moved = ((values[:, 2] - values[:, 0]) / list(STEP.values())).mean(0)
    assert 2 < moved[index] < 4
    assert np.abs(np.delete(moved, index)).max() < 1
    assert np.array_equal(cells("cdcgan-edited.png")[1::3], Generator(FLAGSHIP).sample(range(10), [7] * 10))


def test_edit_measures_where_there_is_no_file(gan_infer, found):
    ask = ["edit", FLAGSHIP, "--attribute", "thickness=2", "--attribute=slant=-1", "--digit", 5]
    assert gan_infer(*ask)[2] == ["wrote digit-5-edited.png"]
    gan_infer(*ask, "--vectors", found / "cdcgan-attributes.json", "--out", "read.png")
    assert Path("digit-5-edited.png").read_bytes() == Path("read.png").read_bytes()
    (value,) = measures.measured(cells("read.png"), np.zeros(1))
    (before,) = measures.measured(Generator(FLAGSHIP).sample([5], [0]), np.zeros(1))
    assert value[1] > before[1] + 0.6
    assert value[0] < before[0] - 6


def test_an_edit_as_an_animation(gan_infer, found):
    gan_infer("edit", FLAGSHIP, "--direction", "1=2", "--digit", 5, "--steps", 4, "--out", "x.gif")
    assert (Image.open("x.gif").size, Image.open("x.gif").n_frames) == ((SIZE, SIZE), 6)


# Directions, arithmetic, pictures: against what the formulas say


def drawn(path, z, label=None):
    """The picture of z [z_dim]."""
    generator = Generator(path)
    images = generator.run(z[None].astype(np.float32), None if label is None else [label])
    return generator.pixels(images)[0].squeeze(-1) if images.shape[1] == 1 else generator.pixels(images)[0]


def test_directions_are_numbered_from_the_strongest(gan_infer, conditional):
    gan_infer("edit", conditional, "--direction", "2=-1.5", "--direction", "1=1", "--digit", 3, "--seed", 4)
    rows = factors(conditional, "z", 6)
    z = latent([4], 6, "normal")[0] - 1.5 * rows[1] + rows[0]
    assert np.array_equal(pixels("digit-3-edited.png"), drawn(conditional, z, 3))


def test_a_uniform_latent_stays_in_its_range(gan_infer, unconditional):
    gan_infer("edit", unconditional, "--direction", "1=1", "--out", "x.png")
    step = factors(unconditional, "z", 6)[0] / np.sqrt(12)
    z = latent([0], 6, "uniform")[0]
    assert np.array_equal(pixels("x.png"), drawn(unconditional, np.clip(z + step, 0, 1 - 2**-24)))
    gan_infer("edit", unconditional, "--direction", "1=1000", "--out", "far.png")
    end = np.where(step > 0, np.nextafter(np.float32(1), np.float32(0)), 0)
    assert np.array_equal(pixels("far.png"), drawn(unconditional, end))


def test_plus_and_minus_add_the_difference_of_means(gan_infer, conditional):
    words = ["--plus", 1, "--plus", 2, "--minus", 3, "--minus", 4, "--minus", 5]
    gan_infer("edit", conditional, *words, "--digit", 8, "--seed", 9, "--out", "x.png")
    z = {seed: latent([seed], 6, "normal")[0].astype(np.float64) for seed in (1, 2, 3, 4, 5, 9)}
    expected = z[9] + (z[1] + z[2]) / 2 - (z[3] + z[4] + z[5]) / 3
    assert np.array_equal(pixels("x.png"), drawn(conditional, expected, 8))


@pytest.fixture
def inversion(monkeypatch):
    """An inversion that finds everywhere the latent of seed 6 and, where no class is said, class 4."""
    calls = []

    def invert(generator, targets, labels=None, **options):
        calls.append((targets, labels))
        z = latent([6] * len(targets), generator.description.z_dim, "normal")
        classes = np.full(len(targets), 4) if labels is None and generator.description.conditional else labels
        return SimpleNamespace(z=z, error=np.full(len(targets), 0.25), labels=classes)

    module = ModuleType("inversion")
    module.invert = invert
    monkeypatch.setitem(sys.modules, "pipeline.inference.contract.inversion", module)
    return calls


def test_a_picture_is_edited_where_it_was_found(gan_infer, conditional, inversion, picture):
    lines = gan_infer("edit", conditional, "--image", picture, "--direction", "1=1")[2]
    assert lines == [f"{picture}: found, with a mean squared error of 0.25", "wrote digit-4-edited.png"]
    z = latent([6], 6, "normal")[0] + factors(conditional, "z", 6)[0]
    assert np.array_equal(pixels("digit-4-edited.png"), drawn(conditional, z, 4))
    ((targets, labels),) = inversion
    assert (targets.shape, labels) == ((1, 1, 4, 5), None)
    gan_infer("edit", conditional, "--image", picture, "--direction", "1=1", "--digit", 2)
    assert np.array_equal(pixels("digit-2-edited.png"), drawn(conditional, z, 2))
    assert inversion[1][1].tolist() == [2]


def test_pictures_and_seeds_may_be_added(gan_infer, conditional, inversion, picture):
    words = ["--plus", picture, "--plus", 1, "--minus", 2, "--digit", 0, "--out", "x.png"]
    gan_infer("edit", conditional, *words)
    z = {seed: latent([seed], 6, "normal")[0].astype(np.float64) for seed in (0, 1, 2, 6)}
    assert np.array_equal(pixels("x.png"), drawn(conditional, z[0] + (z[6] + z[1]) / 2 - z[2], 0))


# An attribute that a person saw


def write_table(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_an_attribute_of_ones_own(gan_infer, conditional):
    """From what --labels writes, with a column added: here the second number of z, and a shift a class."""
    gan_infer(conditional, "--count", 300, "--out", "sheet.png", "--labels", "drawn.csv")
    with open("drawn.csv", newline="") as file:
        table = list(csv.DictReader(file))
    second = latent(range(300), 6, "normal")[:, 1]
    values = second + 10 * np.array([int(row["label"]) for row in table])
    keys = [*table[0], "value"]
    rows = [[*row.values(), value] for row, value in zip(table, values, strict=True)]
    write_table("curly.csv", [keys, *rows])
    code, out, lines = gan_infer("attributes", conditional, "--samples", "curly.csv", "--out", "curly.json")
    assert (code, lines) == (0, ["wrote curly.json"])
    assert out.decode().splitlines()[1].split()[0] == "curly"
    gan_infer("edit", conditional, "--vectors", "curly.json", "--attribute", "curly=2", "--digit", 1)
    (each,) = json.loads(Path("curly.json").read_text())["attributes"]
    assert np.abs(np.array(each["step"]) - np.eye(6)[1]).max() < 0.1
    assert (each["spearman"], each["moved"]) == (None, None)
    z = latent([0], 6, "normal")[0] + 2 * np.array(each["step"], np.float32).astype(np.float64)
    assert np.array_equal(pixels("digit-1-edited.png"), drawn(conditional, z, 1))


TABLES = {
    "no value": (
        [["seed", "label"], *[[seed, 1] for seed in range(20)]],
        "no column value; say seed,value,label",
    ),
    "no label": ([["seed", "value"], *[[seed, 1] for seed in range(20)]], "no column label"),
    "word": ([["seed", "value", "label"], [0, 1, 1], [1, "big", 1]], "line 3: 'big' is no number"),
    "short": ([["seed", "value", "label"], [0, 1]], "line 2: '' is no number"),
    "half": ([["seed", "value", "label"], [0.5, 1, 1]], "line 2: seed and label are whole numbers"),
    "class": ([["seed", "value", "label"], *[[seed, seed, 10] for seed in range(20)]], "label: say 0 to 9"),
    "few": ([["seed", "value", "label"], [0, 1, 1]], "known of 1 samples; say at least 10"),
    "none": ([["seed", "value", "label"]], "known of 0 samples; say at least 10"),
    "same": (
        [["seed", "value", "label"], *[[seed, seed % 10, seed % 10] for seed in range(20)]],
        "x is the same in all samples of a class",
    ),
    "seed": (
        [["seed", "value", "label"], *[[-1, seed, 1] for seed in range(20)]],
        "seed -1: a seed is",
    ),
}


@pytest.mark.parametrize(("rows", "told"), TABLES.values(), ids=TABLES.keys())
def test_a_wrong_table_is_one_line(gan_infer, conditional, rows, told):
    write_table("x.csv", rows)
    code, _, lines = gan_infer("attributes", conditional, "--samples", "x.csv")
    assert (code, len(lines), os.listdir()) == (2, 1, ["x.csv"])
    assert lines[0].startswith("gan-infer: x.csv")
    assert told in lines[0]


# What is wrong is one line

LINES = {
    "nothing": (["edit", "MODEL"], "say what to change: --attribute, --direction, or --plus and --minus"),
    "minus": (["edit", "MODEL", "--plus", 1], "--plus and --minus go together"),
    "amount": (["edit", "MODEL", "--direction", "3"], "--direction 3: say how far, 3=+2"),
    "number": (["edit", "MODEL", "--direction", "3=far"], "--direction 3=far: 'far' is no number"),
    "place": (["edit", "MODEL", "--direction", "7=1"], "--direction 7=1: known are 1 to 6"),
    "both": (["edit", "MODEL", "--direction", "1=1", "--seed", 1, "--image", "x.png"], "choose one"),
    "steps": (["edit", "MODEL", "--direction", "1=1", "--steps", 0], "--steps 0: say 1 to 1000"),
    "digit": (["edit", "MODEL", "--direction", "1=1", "--digit", 12], "'12' is no class of tiny"),
    "name": (["edit", "FLAGSHIP", "--attribute", "curl=1"], "curl=1: known are slant, thickness, width"),
    "photographs": (["attributes", "PLAIN"], "slant, thickness, width are of drawings on an even background"),
    "no file": (["edit", "MODEL", "--attribute", "a=1", "--vectors", "x.json"], "x.json: not a regular file"),
    "out": (["attributes", "MODEL", "--out", "x.npz"], "--out x.npz: end it in .json"),
    "strips": (["attributes", "MODEL", "--strips", "x.gif"], "--strips x.gif: end it in .png or .jpg"),
}


@pytest.mark.parametrize(("arguments", "told"), LINES.values(), ids=LINES.keys())
def test_one_line_and_exit_code_2(gan_infer, conditional, unconditional, arguments, told):
    paths = {"MODEL": conditional, "PLAIN": unconditional, "FLAGSHIP": FLAGSHIP}
    code, out, lines = gan_infer(*(paths.get(argument, argument) for argument in arguments))
    assert (code, out, len(lines), os.listdir()) == (2, b"", 1, [])
    assert told in lines[0]


def test_a_file_of_steps_belongs_to_one_generator(gan_infer, found, conditional):
    content = json.loads((found / "cdcgan-attributes.json").read_text())
    ask = ["--attribute", "slant=1", "--vectors", "x.json"]
    Path("x.json").write_text(json.dumps(content))
    assert "x.json: of another generator" in gan_infer("edit", conditional, *ask)[2][0]
    content["attributes"][0]["step"][3] = float("nan")
    for text in (json.dumps(content), "[" * 100_000, '{"format": "gan-attributes/1"}', "{}", "\x00", "[]"):
        Path("x.json").write_text(text)
        code, _, lines = gan_infer("edit", FLAGSHIP, *ask)
        assert (code, lines) == (2, ["gan-infer: x.json: not a file that `gan-infer attributes` wrote"])


def test_what_is_there_is_kept(gan_infer, conditional):
    Path("x.json").write_text("kept")
    code, _, lines = gan_infer("attributes", conditional, "--out", "x.json")
    assert (code, Path("x.json").read_text()) == (2, "kept")
    assert "add --force" in lines[0]


# Classes that nobody named, and pictures without any


@pytest.mark.slow
def test_a_preset_with_categories_is_grouped_by_them(exported):
    generator = Generator(exported("infogan-mnist") / "exported/infogan-mnist.onnx")
    classes = attributes.classes_of(generator, None, range(50))
    assert np.array_equal(classes, generator.others(range(50))["category"])
    assert len(set(classes)) > 5
