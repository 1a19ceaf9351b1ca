"""exported/<name>/: a stranger can read what the generator is, and check that the copy is right."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from pipeline.errors import UserError
from pipeline.export.seeded import seeded_model
from pipeline.files import sha256_of
from pipeline.inference.contract.metadata import parse_metadata
from pipeline.kinds.image import to_uint8
from pipeline.params import Params
from stages import package as package_stage
from tests.conftest import tiny
from tests.inference.conftest import DIGITS, metadata_of, model_proto

Project = Callable[[dict[str, Any]], Params]
SHAPE = (1, 4, 5)


def exported(params: Params, classes: list[str]) -> None:
    """What export and evaluate leave, of a generator that was not trained."""
    metadata = metadata_of(classes, SHAPE) | {"name": params.name, "params_hash": params.fingerprint()}
    plain = model_proto(classes, SHAPE)
    helper.set_model_props(plain, metadata)
    seeded = seeded_model(plain, parse_metadata(metadata))
    folder = Path("exported")
    folder.mkdir(exist_ok=True)
    onnx.save(plain, folder / f"{params.name}.onnx")
    onnx.save(seeded, folder / f"{params.name}.seeded.onnx")
    (folder / f"{params.name}.json").write_text(json.dumps(metadata))
    judge = {"sha256": "ab" * 32, "architecture": "dense", "task": "classes", "accuracy": 0.9951}
    scores = {
        "protocol": {
            "generator": {"sha256": sha256_of(folder / f"{params.name}.onnx")},
            "data": {"name": "digits", "size": 32},
            "judges": {"dense": judge},
            "real": "1,234 images set aside",
            "code": "cd" * 32,
            "inception": None,
            "samples": 1234,
            "compared_with": "359 test images",
            "seed": 1,
        },
        "judge_fid": {"value": 0.66246, "real": 0.29724, "noise": 261.87},
        "recall": {"value": 0.7406, "real": 0.8897, "noise": None},
        "coverage": {"value": 0.9, "real": 0.95, "noise": 0.0},
        "two_sample": {"value": 0.99, "real": 0.5, "noise": None},
        "two_sample_half": {"value": 0.7, "real": 0.5, "noise": None},
        "memorised_in_pixels": {"value": 0.01, "low": 0.0, "real": 0.01, "real_high": 0.02, "noise": None},
        "memorised_in_judge_space": {
            "value": 0.01,
            "low": 0.0,
            "real": 0.01,
            "real_high": 0.02,
            "noise": None,
        },
    }
    details = Path("metrics", params.name, "details")
    details.mkdir(parents=True, exist_ok=True)
    (details / "scores.json").write_text(json.dumps(scores))


@pytest.fixture
def params(project: Project) -> Params:
    return project(tiny("cdcgan"))


@pytest.fixture
def folder(params: Params) -> Path:
    exported(params, DIGITS)
    package_stage.main(params)
    return Path("exported/cdcgan")


def read(file: Path) -> np.ndarray:
    return numpy_helper.to_array(onnx.TensorProto.FromString(file.read_bytes()))


def test_the_test_vectors_are_of_both_files(folder: Path) -> None:
    vectors = folder / "test_data_set_0"
    assert {file.name for file in vectors.iterdir()} == {"input_0.pb", "input_1.pb", "output_0.pb"}
    z, label, image = (read(vectors / f"{name}.pb") for name in ("input_0", "input_1", "output_0"))
    plain = onnxruntime.InferenceSession(folder.with_suffix(".onnx"))
    seeded = onnxruntime.InferenceSession(folder.with_suffix(".seeded.onnx"))
    assert len(image) == 4
    np.testing.assert_allclose(plain.run(["image"], {"z": z, "label": label})[0], image, atol=1e-6)
    (drawn,) = seeded.run(["image"], {"seed": np.arange(4), "label": label})
    assert np.array_equal(drawn, to_uint8(image))


def test_every_file_is_in_the_checksums(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    listed = dict(reversed(line.split("  ")) for line in lines)
    root = folder.parent
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert listed.keys() == files - {"cdcgan/SHA256SUMS"}
    assert "cdcgan.seeded.onnx" in listed
    for file, digest in listed.items():
        assert hashlib.sha256((root / file).read_bytes()).hexdigest() == digest


def test_the_card_says_what_it_is_and_how_good_by_which_protocol(folder: Path, params: Params) -> None:
    card = (folder / "README.md").read_text()
    assert "1,234 samples, seed 1, against 359 test images of digits at 32 pixels; judge abababababab" in card
    assert "99.51 % of classes right" in card
    assert "| judge-FID | 0.6625 | 0.2972 | 261.9 | low |" in card
    assert "| recall | 0.7406 | 0.8897 | - | high |" in card
    assert "1,438 training images" in card
    assert f"`{params.fingerprint()}`" in card
    assert "`image` float32 [N, 1, 4, 5]" in card
    assert "`image` uint8 [N, 4, 5, 1]" in card
    assert "{" not in re.sub(r"```.*?```", "", card, flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)]+)\)", card):
        assert (folder / link).exists(), link
    with Image.open(folder / "samples.png") as picture:
        assert picture.size == (10 * (2 * 5 + 1) - 1, 4 * (2 * 4 + 1) - 1)


@pytest.mark.parametrize("classes", [DIGITS, []], ids=["conditional", "unconditional"])
def test_the_example_of_the_card_runs(
    params: Params, classes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(params, classes)
    package_stage.main(params)
    card = Path("exported/cdcgan/README.md").read_text()
    assert ("`label`" in card) == bool(classes)
    (program,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    monkeypatch.chdir("exported")
    found: dict[str, Any] = {}
    exec(program, found)
    assert found["image"].shape == (1, 4, 5, 1)


def test_packing_twice_gives_the_same_bytes(folder: Path, params: Params) -> None:
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    package_stage.main(params)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == first


def test_a_mixture_of_runs_is_refused(folder: Path, project: Project, params: Params) -> None:
    card = (folder / "README.md").read_text()
    with pytest.raises(UserError, match="was trained with other parameters: run `dvc repro`"):
        package_stage.main(project(tiny("cdcgan") | {"seed": 5}))
    Path("exported/cdcgan.onnx").write_bytes(b"another")
    with pytest.raises(UserError, match="the scores are of another file than"):
        package_stage.main(params)
    assert (folder / "README.md").read_text() == card
