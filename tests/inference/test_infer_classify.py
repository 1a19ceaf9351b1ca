"""gan-infer classify: the class of each picture."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.inference import Network
from pipeline.kinds import image as image_kind


@pytest.fixture
def picture_folder(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in "abc":
        Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).save(folder / f"{name}.png")
    return folder


def test_classify_tells_each_picture_of_a_folder(gan_infer, make_network, picture_folder):
    path = make_network("classifier")
    code, _, lines = gan_infer("classify", "--onnx", path, "--image", picture_folder, "--out", "x.csv")
    assert (code, lines) == (0, ["wrote x.csv"])
    with open("x.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Path(row["file"]).name for row in rows] == ["a.png", "b.png", "c.png"]
    network = Network(path)
    (source, field), *_ = network.description.inputs.items()
    classes = network.description.outputs["probabilities"].about["classes"]
    for row in rows:
        read = image_kind.read(row["file"], field, "")
        odds = network.compute({source: read})["probabilities"][0]
        assert [float(row[name]) for name in classes] == pytest.approx(odds.tolist(), rel=1e-5)
        assert row["label"] == classes[odds.argmax()]


def test_classify_prints_a_line_a_picture_or_json(gan_infer, make_network, picture_folder):
    path, one = make_network("classifier"), picture_folder / "b.png"
    told = gan_infer("classify", path, "--image", one)[1].decode()
    assert str(one) in told
    assert "%" in told
    (said,) = json.loads(gan_infer("classify", path, "--image", one, "--json")[1])["pictures"]
    assert said["label"] in told


def test_classify_refuses_what_it_cannot_do(gan_infer, make_network, picture_folder):
    path, ask = make_network("classifier"), ["--image", picture_folder]
    assert gan_infer("classify", path)[2] == ["gan-infer: --image is missing: a picture, or a folder of them"]
    assert "say one FILE" in gan_infer("classify", *ask)[2][0]
    assert "end it in .csv" in gan_infer("classify", path, *ask, "--out", "x.png")[2][0]
    assert "it tells no classes" in gan_infer("classify", make_network("negative"), *ask)[2][0]
    Path("x.csv").write_text("kept")
    code, _, lines = gan_infer("classify", path, *ask, "--out", "x.csv")
    assert (code, Path("x.csv").read_text()) == (2, "kept")
    assert "x.csv" in lines[0]
