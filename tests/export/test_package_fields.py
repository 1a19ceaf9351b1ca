"""exported/<name>/ of networks that take and give other things than noise, a label and one picture."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from pipeline.data.prepared import Prepared, Table
from pipeline.export.package import package
from pipeline.export.seeded import seeded_model
from pipeline.export.words import tensor
from pipeline.fields import Field
from pipeline.files import sha256_of
from pipeline.inference import cli
from pipeline.inference.contract.inputs import Given
from pipeline.inference.contract.metadata import parse_metadata
from pipeline.inference.contract.network import Network
from pipeline.params import Params
from pipeline.places import prepared_dir
from stages import package as package_stage
from tests.conftest import tiny
from tests.inference.conftest import NETWORKS, network_proto

Project = Callable[[dict[str, Any]], Params]
FOLDER = Path("exported/gan-mnist")
UNSCORED = {"protocol": {"judges": {}}}


@pytest.fixture
def params(project: Project) -> Params:
    content = tiny("gan-mnist")
    content["data"]["size"] = 8
    return project(content)


def packed(params: Params, network: str, parts: tuple[str, ...] = (), scores: Any = UNSCORED) -> str:
    """Pack a network as export and evaluate leave it; return the card."""
    origin = {"name": params.name, "params_hash": params.fingerprint()}
    plain = network_proto(network, metadata=origin)
    metadata = {entry.key: entry.value for entry in plain.metadata_props}
    file = FOLDER.with_suffix(".onnx")
    file.parent.mkdir(exist_ok=True)
    onnx.save(plain, file)
    onnx.save(seeded_model(plain, parse_metadata(metadata)), FOLDER.with_suffix(".seeded.onnx"))
    FOLDER.with_suffix(".json").write_text(json.dumps(metadata))
    for part in parts:
        FOLDER.with_suffix(".parts").mkdir(exist_ok=True)
        onnx.save(network_proto(part, metadata=origin), FOLDER.with_suffix(".parts") / f"{part}.onnx")
    details = Path("metrics", params.name, "details")
    details.mkdir(parents=True, exist_ok=True)
    protocol = scores["protocol"] | {"generator": {"sha256": sha256_of(file)}}
    (details / "scores.json").write_text(json.dumps(scores | {"protocol": protocol}))
    package_stage.main(params)
    return (FOLDER / "README.md").read_text()


def vector(name: str) -> onnx.TensorProto:
    return onnx.TensorProto.FromString((FOLDER / f"test_data_set_0/{name}.pb").read_bytes())


@pytest.mark.parametrize("network", ["infogan", "styles", "encoder", "blend"])
def test_its_example_runs_and_verify_passes(params: Params, network: str, monkeypatch: Any) -> None:
    card = packed(params, network)
    for link in re.findall(r"\]\(([^)]+)\)", card):
        assert (FOLDER / link).exists(), link
    with pytest.raises(SystemExit) as ended:
        cli.main(["verify", str(FOLDER.with_suffix(".onnx"))])
    assert not ended.value.code
    (program,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    monkeypatch.chdir("exported")
    found: dict[str, Any] = {}
    exec(program, found)
    for name, field in NETWORKS[network][1].items():
        assert found[name].size == np.prod(field["shape"])


def test_the_card_names_what_goes_in_and_comes_out(params: Params) -> None:
    card = packed(params, "infogan", parts=("classifier", "encoder"))
    assert (
        "noise, a category and a code in, a picture out. Above: one seed a row, from 0, and one category"
        in card
    )
    assert "| noise in | `z` float32 [N, 6], drawn from N(0, 1) | `seed` int64 [N], 0 to 16777215 |" in card
    assert "| category in | `category` int64 [N], 0 to 9 | the same |" in card
    assert "| code in | `code` float32 [N, 2], each drawn from [-1, 1] | the same |" in card
    assert (
        "| picture out | `image` float32 [N, 1, 8, 8], -1 is black, 1 is white | `image` uint8 [N, 8, 8, 1],"
        in card
    )
    assert (
        "the classifier: `image` float32 [N, 1, 8, 8], -1 is black, 1 is white -> `probabilities` float32"
        in card
    )
    assert "`mean` float32 [N, 12], `log_variance` float32 [N, 12]" in card
    assert "A category or seed out of range" in card
    assert "No figure applies to it." in card
    assert "gan-mnist.parts/encoder.onnx" in (FOLDER / "SHA256SUMS").read_text()
    with Image.open(FOLDER / "samples.png") as picture:
        assert picture.size == (10 * (2 * 8 + 1) - 1, 4 * (2 * 8 + 1) - 1)


def test_a_row_of_the_picture_is_a_seed_and_a_column_a_category(params: Params) -> None:
    packed(params, "infogan")
    with Image.open(FOLDER / "samples.png") as picture:
        cell = np.asarray(picture)[2 * 17 : 2 * 17 + 16 : 2, 3 * 17 : 3 * 17 + 16 : 2]
    network = Network(FOLDER.with_suffix(".onnx"), device="cpu")
    (expected,) = network.pictures([2], Given({"category": np.array([3])}))
    assert np.array_equal(cell, expected[0, :, :, 0])


def test_the_card_shows_the_figures_that_there_are(params: Params) -> None:
    protocol = {
        "judges": {"dense": {"sha256": "ab" * 32}},
        "data": {"name": "digits", "size": 8},
        "real": "20 images set aside",
        "compared_with": "20 test images",
        "code": "cd" * 32,
        "inception": None,
        "samples": 20,
        "seed": 1,
    }
    card = packed(params, "infogan", scores={"protocol": protocol, "judge_fid": {"value": 0.66246}})
    assert "trained on the real images." in card
    assert "| judge-FID | 0.6625 | - | - | low |" in card


def test_the_card_tells_of_images_that_are_no_pairs(params: Params) -> None:
    packed(params, "blend")
    data = Prepared.open(prepared_dir(params.data))
    other = Table(("other",), {"train": {"total": 1200}}, ())
    scores = json.loads(Path("metrics/gan-mnist/details/scores.json").read_text())
    package(params, replace(data, tables=(*data.tables, other)), FOLDER.parent, scores)
    card = (FOLDER / "README.md").read_text()
    assert "8x8 pixels, grey.\nBeside them, in no pairs, 1,200 of `other`.\n" in card


def test_the_vectors_are_in_the_order_of_the_graph(params: Params) -> None:
    card = packed(params, "styles")
    assert (
        "`code` in `input_0.pb`, `z` in `input_1.pb`, `style` in `input_2.pb` and `image` in `output_0.pb`"
        in card
    )
    vectors = FOLDER / "test_data_set_0"
    tensors = [
        onnx.TensorProto.FromString((vectors / f"input_{index}.pb").read_bytes()) for index in range(3)
    ]
    assert [(tensor.name, list(tensor.dims)) for tensor in tensors] == [
        *(("code", [4, 2]), ("z", [4, 6]), ("style", [4, 4]))
    ]


def test_the_seeded_file_takes_the_vectors_as_bytes(params: Params) -> None:
    packed(params, "blend")
    first = numpy_helper.to_array(vector("input_0"))
    levels = (first + 1) * 127.5
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)


def test_an_image_to_image_network_shows_test_images_and_what_becomes_of_them(params: Params) -> None:
    card = packed(params, "blend")
    assert "a picture in, a picture out. Above: test images, and below each what becomes of it." in card
    with Image.open(FOLDER / "samples.png") as picture:
        pixels = np.asarray(picture)
    first, second, mean = (pixels[row * 17 : row * 17 + 16] for row in range(3))
    assert np.ptp(first) > 100  # a digit
    assert np.array_equal(first, second)  # both stand for the same images
    assert np.array_equal(mean, first)


def test_what_data_an_image_stands_for_is_told() -> None:
    field = Field("image", (1, 8, 8), {"range": [0, 1], "of": "other"})
    assert tensor("image", field) == "`image` float32 [N, 1, 8, 8], of `other`, 0 is black, 1 is white"


def test_one_that_gives_numbers_has_no_picture(params: Params) -> None:
    card = packed(params, "encoder")
    assert not (FOLDER / "samples.png").exists()
    assert "samples.png" not in card
    assert "A network: a picture in, a latent out." in card
