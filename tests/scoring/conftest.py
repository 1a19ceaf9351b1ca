"""A judge of small digits, and exported generators that show real images, or fail in one chosen way."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pipeline.data.prepared import Prepared
from pipeline.datasets import params_class
from pipeline.params import DataParams, EvaluateParams, JudgeParams, Params
from pipeline.places import judge_dir
from pipeline.scoring import spread
from pipeline.scoring.evidence import gather, open_generator
from pipeline.scoring.figure import rounded
from pipeline.scoring.figures import patches, score, train_on_generated, two_sample
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.judges.training import train_judge

DATA = params_class("digits")(
    dataset="digits", path=None, size=8, channels=1, test_fraction=0.3, set_aside=0, pictures=None
)
JUDGE = JudgeParams(architecture="convolutional", seed=0, epochs=6, batch=64, lr=4e-3, min_accuracy=0.9)
JUDGES = {
    "convolutional": JUDGE,
    "dense": JUDGE.model_copy(update={"architecture": "dense", "seed": 1}),
    "texture": JUDGE.model_copy(update={"architecture": "texture", "seed": 2, "min_accuracy": 0.0}),
}
DIGITS = [str(digit) for digit in range(10)]
SAMPLES = 600  # a distance in 128 features needs 512 on either side
VARIETY = 100  # images of a class a generator can show


@pytest.fixture(scope="session", autouse=True)
def _few_draws() -> Iterator[None]:
    """Few draws, patches, nets and passes of theirs: a score then takes a fraction of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spread, "DRAWS", 20)
        patch.setattr(patches, "PATCHES", 5000)
        patch.setattr(two_sample, "SEEDS", {"value": 1, "real": 1})
        patch.setattr(two_sample, "PASSES", 6)
        patch.setattr(train_on_generated, "SEEDS", 2)
        yield


@pytest.fixture(scope="session")
def digits(prepared_digits: Callable[[DataParams], Path]) -> Prepared:
    """The bundled digits, 8 pixels a side."""
    return Prepared.open(prepared_digits(DATA))


@pytest.fixture(scope="session")
def judges(digits: Prepared, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Judge]:
    """Two that tell more than nine in ten of them right, and one of texture; saved, so with a checksum."""
    trained = {name: train_judge(digits, name, params) for name, params in JUDGES.items()}
    for name, judge in trained.items():
        judge.save(tmp_path_factory.mktemp("judge") / name)
    return trained


@pytest.fixture(scope="session")
def judge(judges: dict[str, Judge]) -> Judge:
    """The first of them."""
    return judges["convolutional"]


def use_the_digits(content: dict[str, Any]) -> dict[str, Any]:
    """Parameters that prepare what `digits` holds and name the judges of `judges`."""
    content["data"] |= DATA.model_dump()
    content["judges"] = {name: judge.model_dump() for name, judge in JUDGES.items()}
    return content


def save_judges(params: Params, judges: dict[str, Judge]) -> None:
    """Put them where the stages look for them."""
    for name, judge in judges.items():
        judge.save(judge_dir(params.data, name))


@pytest.fixture(scope="session")
def bank(digits: Prepared) -> np.ndarray:
    """Real training images by class: uint8 [10, VARIETY, 1, 8, 8]."""
    images, labels = digits.images("train"), digits.labels("train")
    return np.stack([images[labels == label][:VARIETY] for label in range(10)])


def write_generator(path: Path, bank: np.ndarray, classes: list[str]) -> Path:
    """Export a "generator" that keeps the ONNX contract: it shows bank[label, argmax(z)].

    bank: uint8 [K, M, C, H, W]. Without `classes` there is no label, and all of the bank is one class.
    """
    kinds, variety, *shape = bank.shape if classes else (1, len(bank) * bank.shape[1], *bank.shape[2:])
    pixels = bank.reshape(kinds * variety, *shape).astype(np.float32) / 127.5 - 1
    weights = {"bank": pixels, "variety": np.array(variety, np.int64)}
    inputs = [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", variety])]
    nodes = [helper.make_node("ArgMax", ["z"], ["chosen"], axis=1, keepdims=0)]
    row = "chosen"
    if classes:
        inputs.append(helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]))
        nodes.append(helper.make_node("Mul", ["label", "variety"], ["first"]))
        nodes.append(helper.make_node("Add", ["first", "chosen"], ["row"]))
        row = "row"
    nodes.append(helper.make_node("Gather", ["bank", row], ["image"]))
    output = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", *shape])
    initialisers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "generator", inputs, [output], initialisers)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(proto, metadata(classes, shape, variety))
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(proto, path)
    return path


def metadata(classes: list[str], shape: list[int], z_dim: int) -> dict[str, str]:
    """What DESIGN's contract wants in the file."""
    known = {"classes": json.dumps(classes), "image_shape": json.dumps(shape), "z_dim": str(z_dim)}
    fixed = {"format": "gan-pipeline/1", "value_range": "[-1, 1]", "latent": "normal", "opset": "17"}
    hashes = {key: "0" * 64 for key in ("params_hash", "data_hash", "code_hash")}
    return known | fixed | hashes | {"name": "bank", "kind": "bank", "dataset": "digits", "parity": "0"}


@pytest.fixture(scope="session")
def score_of(
    digits: Prepared, judges: dict[str, Judge], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, dict[str, Any]]]:
    """All figures of a generator that shows a bank of images."""

    def run(bank: np.ndarray, classes: list[str] = DIGITS) -> dict[str, dict[str, Any]]:
        path = write_generator(tmp_path_factory.mktemp("exported") / "bank.onnx", bank, classes)
        params = EvaluateParams(judge="convolutional", samples=SAMPLES, seed=1, inception_weights=None)
        return rounded(score(gather(open_generator(path, digits), digits, judges, params)))

    return run
