"""A judge of small digits, and exported generators that show real images, or fail in one chosen way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pipeline.datasets.prepared import Prepared
from pipeline.params import DataParams, EvaluateParams, JudgeParams, Params
from pipeline.scoring.evidence import gather, open_generator
from pipeline.scoring.judge import Judge, judge_dir
from pipeline.scoring.judge_training import train_judge
from pipeline.scoring.scores import score

DATA = DataParams(dataset="digits", path=None, size=8, channels=1, test_fraction=0.2)
JUDGE = JudgeParams(architecture="convolutional", seed=0, epochs=6, batch=64, lr=4e-3, min_accuracy=0.9)
SECOND = JUDGE.model_copy(update={"architecture": "dense", "seed": 1})
DIGITS = [str(digit) for digit in range(10)]
SAMPLES = 500
VARIETY = 100  # images of a class a generator can show


@pytest.fixture(scope="session")
def digits(prepared_digits: Callable[[DataParams], Path]) -> Prepared:
    """The bundled digits, 8 pixels a side."""
    return Prepared.open(prepared_digits(DATA))


@pytest.fixture(scope="session")
def judges(digits: Prepared, tmp_path_factory: pytest.TempPathFactory) -> tuple[Judge, Judge]:
    """Two that tell more than nine in ten of them right, saved and so with a checksum."""
    one, two = (train_judge(digits, params) for params in (JUDGE, SECOND))
    for judge in (one, two):
        judge.save(tmp_path_factory.mktemp("judge") / judge.description["architecture"])
    return one, two


@pytest.fixture(scope="session")
def judge(judges: tuple[Judge, Judge]) -> Judge:
    """The first of them."""
    return judges[0]


def save_judges(params: Params, judges: tuple[Judge, Judge]) -> None:
    """Put them where the stages look for them."""
    for judge, section in zip(judges, (params.judge, params.second_judge), strict=True):
        judge.save(judge_dir(params.data, section))


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
    digits: Prepared, judges: tuple[Judge, Judge], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, dict[str, Any]]]:
    """All figures of a generator that shows a bank of images."""

    def run(bank: np.ndarray, classes: list[str] = DIGITS) -> dict[str, dict[str, Any]]:
        path = write_generator(tmp_path_factory.mktemp("exported") / "bank.onnx", bank, classes)
        params = EvaluateParams(samples=SAMPLES, seed=1, inception_weights=None)
        return score(gather(open_generator(path, digits), digits, judges, params))

    return run
