"""The judge and evaluate stages on generators whose fault is known."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.datasets.prepared import Prepared
from pipeline.errors import UserError
from pipeline.inference import Generator
from pipeline.params import Params
from pipeline.scoring.evidence import gather, open_generator
from pipeline.scoring.judge import Judge
from pipeline.scoring.pictures import neighbours, samples_grid
from stages import evaluate as stage
from stages import judge as judge_stage
from tests.conftest import tiny
from tests.scoring.conftest import DIGITS, JUDGE, SAMPLES, SECOND, save_judges, write_generator

pytestmark = pytest.mark.slow  # each runs the whole stage

Project = Callable[[dict[str, Any]], Params]


@pytest.fixture
def params(project: Project, judges: tuple[Judge, Judge]) -> Params:
    """A project with the digits prepared and the judges trained."""
    content = tiny("cgan-mnist")
    content["data"]["size"] = 8
    content["evaluate"]["samples"] = SAMPLES
    params = project(content)
    save_judges(params, judges)
    return params


@pytest.fixture
def scores(params: Params) -> Callable[..., dict[str, Any]]:
    """Score a generator that shows a bank of images."""

    def run(bank: np.ndarray, classes: list[str] = DIGITS) -> dict[str, Any]:
        write_generator(Path("exported") / f"{params.name}.onnx", bank, classes)
        stage.main(params)
        return json.loads((Path("metrics") / params.name / "details" / "scores.json").read_text())

    return run


def test_every_figure_stands_beside_its_protocol(
    scores: Callable[..., dict[str, Any]], bank: np.ndarray, judges: tuple[Judge, Judge]
) -> None:
    protocol = scores(bank)["protocol"]
    for key, used in zip(("judge", "second_judge"), judges, strict=True):
        saved = Judge.load(Path("models/judge/digits-8") / used.description["architecture"])
        assert protocol[key]["sha256"] == saved.description["sha256"]
        assert protocol[key]["accuracy"] == used.description["accuracy"]
    assert (protocol["samples"], protocol["seed"], protocol["data"]["size"]) == (SAMPLES, 1, 8)
    assert protocol["compared_with"] == "359 test images"


def test_writes_the_same_scores_and_pictures_every_time(
    scores: Callable[..., dict[str, Any]], params: Params, bank: np.ndarray
) -> None:
    scores(bank)
    folder = Path("metrics") / params.name

    def written() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.rglob("*.*")}

    before = written()
    assert set(before) == {
        "metrics.json",
        "scores.json",
        "samples.png",
        "real-beside-fake.png",
        "per-class.png",
        "neighbours.png",
        "confusion.csv",
    }
    stage.main(params)
    assert written() == before


def test_leaves_what_other_stages_wrote_beside_it(
    scores: Callable[..., dict[str, Any]], params: Params, bank: np.ndarray
) -> None:
    report = Path("metrics") / params.name / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("a report")
    scores(bank)
    assert report.read_text() == "a report"


def test_the_nearest_training_images_of_copies_are_their_originals(
    params: Params, digits: Prepared, judges: tuple[Judge, Judge], bank: np.ndarray
) -> None:
    generator = open_generator(write_generator(Path("bank.onnx"), bank, DIGITS), digits)
    sheet = np.asarray(neighbours(gather(generator, digits, judges, params.evaluate)))
    tiles = sheet[28:, :64], sheet[28:, 84 : 84 + 64], sheet[28:, 363 : 363 + 64]
    assert sheet.shape == (28 + 12 * 65 - 1, 64 + 2 * (20 + 4 * 65 - 1))
    for nearest in tiles[1:]:
        assert (nearest == tiles[0]).all()
    assert len({tiles[0][65 * row : 65 * row + 64].tobytes() for row in range(12)}) > 6


def test_the_key_figures_are_those_of_the_scores(
    scores: Callable[..., dict[str, Any]], params: Params, bank: np.ndarray
) -> None:
    full = scores(bank)
    key = json.loads((Path("metrics") / params.name / "metrics.json").read_text())
    assert key.pop("protocol").startswith(
        "500 samples, seed 1, against 359 test images of digits at 8 pixels; judge"
    )
    assert key == {name: figure["value"] for name, figure in full.items() if name != "protocol"}


def test_the_confusion_matrix_says_what_was_seen_instead(
    scores: Callable[..., dict[str, Any]], bank: np.ndarray
) -> None:
    dropped = bank.copy()
    dropped[3] = bank[5]
    scores(dropped)
    header, *rows = Path("metrics/cgan-mnist/details/confusion.csv").read_text().splitlines()
    assert header == "asked for \\ seen,0,1,2,3,4,5,6,7,8,9"
    counts = np.array([row.split(",") for row in rows], int)[:, 1:]
    assert (counts.sum(axis=1) == 50).all()
    assert counts[3, 5] > 40


def test_a_latent_a_row_and_a_class_a_column(params: Params, bank: np.ndarray) -> None:
    generator = Generator(write_generator(Path("bank.onnx"), bank, DIGITS))
    sheet = np.asarray(samples_grid(generator, seed=1))
    assert sheet.shape == (169, 169)  # ten tiles of 16 pixels, nine gaps
    for row in range(10):
        tops = sheet[17 * row : 17 * row + 16 : 2]
        shown = set()
        for column in range(10):
            tile = tops[:, 17 * column : 17 * column + 16 : 2]
            shown.add(int((bank[column, :, 0] == tile).all(axis=(1, 2)).argmax()))
        assert len(shown) == 1  # one latent, and so one place in the bank of every class


def test_more_samples_than_real_images_are_cut_and_said(params: Params, bank: np.ndarray) -> None:
    write_generator(Path("exported") / f"{params.name}.onnx", bank, DIGITS)
    evaluate = params.evaluate.model_copy(update={"samples": 10_000})
    stage.main(params.model_copy(update={"evaluate": evaluate}))
    protocol = json.loads(Path("metrics/cgan-mnist/details/scores.json").read_text())["protocol"]
    assert (protocol["samples_asked_for"], protocol["samples"]) == (10_000, 1438)
    assert protocol["real"] == "1,438 training images"


def test_prints_a_table(
    scores: Callable[..., dict[str, Any]], bank: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    scores(bank)
    printed = capsys.readouterr().out
    for words in ("judge-FID", "label accuracy", "diversity", "real", "noise", "500 samples", "no Inception"):
        assert words in printed


def test_a_missing_generator_is_named(params: Params) -> None:
    with pytest.raises(UserError, match=r"cgan-mnist\.onnx"):
        stage.main(params)


def test_images_of_another_size_are_refused(params: Params, bank: np.ndarray) -> None:
    wide = np.pad(bank, [(0, 0)] * 3 + [(2, 2), (2, 2)])
    write_generator(Path("exported") / f"{params.name}.onnx", wide, DIGITS)
    with pytest.raises(UserError, match=r"makes images \[1, 12, 12\].*holds \[1, 8, 8\]"):
        stage.main(params)
    assert not Path("metrics").exists()


def test_other_classes_are_refused(params: Params, bank: np.ndarray) -> None:
    write_generator(Path("exported") / f"{params.name}.onnx", bank, list("abcdefghij"))
    with pytest.raises(UserError, match="knows the classes a, b"):
        stage.main(params)


def test_too_few_real_images_are_refused(
    digits: Prepared, judges: tuple[Judge, Judge], params: Params, bank: np.ndarray, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for split, count in (("train", 100), ("test", 19)):
        np.save(few / f"{split}_images.npy", digits.images(split)[:count])
        np.save(few / f"{split}_labels.npy", digits.labels(split)[:count])
    generator = Generator(write_generator(Path("bank.onnx"), bank, DIGITS))
    with pytest.raises(UserError, match="has 19 test images: scores need 20 or more"):
        gather(generator, replace(digits, folder=few), judges, params.evaluate)


def test_the_judge_stage_writes_both_judges(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    content = tiny("cgan-mnist")
    content["data"]["size"] = 8
    content["judge"] = JUDGE.model_dump() | {"epochs": 1, "min_accuracy": 0.0}
    content["second_judge"] = SECOND.model_dump() | {"epochs": 1, "min_accuracy": 0.0}
    params = project(content)
    judge_stage.main(params)
    said = capsys.readouterr().out
    for architecture in ("convolutional", "dense"):
        accuracy = Judge.load(Path("models/judge/digits-8") / architecture).description["accuracy"]
        assert f"{architecture} judge: {accuracy:.2%} of 359 test images right" in said
