"""The judge and evaluate stages on generators whose fault is known."""

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.inference import Generator
from pipeline.params import DataParams, Params
from pipeline.scoring.evidence import gather, open_generator
from pipeline.scoring.figures import two_sample
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.pictures import _of_every_class, neighbours, samples_grid
from stages import evaluate as stage
from stages import judge as judge_stage
from tests.conftest import begin, tiny
from tests.scoring.conftest import DIGITS, SAMPLES, save_judges, use_the_digits, write_generator

pytestmark = pytest.mark.slow  # each runs the whole stage

Project = Callable[[dict[str, Any]], Params]


def content() -> dict[str, Any]:
    content = use_the_digits(tiny("cgan-mnist"))
    content["evaluate"]["samples"] = SAMPLES
    return content


@pytest.fixture
def params(project: Project, judges: dict[str, Judge]) -> Params:
    """A project with the digits prepared and the judges trained."""
    params = project(content())
    save_judges(params, judges)
    return params


class Scored(NamedTuple):
    """What the stage made of a generator that shows real images."""

    metrics: Path  # the folder; a report was in it before
    scores: dict[str, Any]
    said: str


@pytest.fixture(scope="module")
def scored(
    tmp_path_factory: pytest.TempPathFactory,
    prepared_digits: Callable[[DataParams], Path],
    judges: dict[str, Judge],
    bank: np.ndarray,
) -> Scored:
    """One run of the stage, for all tests that look at it."""
    folder = tmp_path_factory.mktemp("scored")
    metrics = folder / "metrics/cgan-mnist"
    metrics.mkdir(parents=True)
    (metrics / "report.html").write_text("a report")
    params = begin(folder, content(), prepared_digits)
    write_generator(folder / "exported/cgan-mnist.onnx", bank, DIGITS)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as said:
        patch.chdir(folder)
        save_judges(params, judges)
        stage.main(params)
    return Scored(metrics, json.loads((metrics / "details/scores.json").read_text()), said.getvalue())


@pytest.fixture
def scores(params: Params) -> Callable[..., dict[str, Any]]:
    """Score a generator that shows a bank of images."""

    def run(bank: np.ndarray, classes: list[str] = DIGITS) -> dict[str, Any]:
        write_generator(Path("exported") / f"{params.name}.onnx", bank, classes)
        stage.main(params)
        return json.loads((Path("metrics") / params.name / "details" / "scores.json").read_text())

    return run


def test_every_figure_stands_beside_its_protocol(scored: Scored, judges: dict[str, Judge]) -> None:
    protocol = scored.scores["protocol"]
    assert list(protocol["judges"]) == ["convolutional", "dense", "texture"]
    for name, used in judges.items():
        saved = Judge.load(scored.metrics / "../../models/judge/digits-8/images" / name)
        assert protocol["judges"][name]["sha256"] == saved.description["sha256"]
        assert protocol["judges"][name]["accuracy"] == used.description["accuracy"]
    assert protocol["constants"]["two-sample test: width, rate, steps"] == list(two_sample.RECIPES[False])
    assert protocol["device"] == "cpu"
    assert protocol["versions"]["torch"] == version("torch")
    assert (protocol["samples"], protocol["seed"], protocol["data"]["size"]) == (SAMPLES, 1, 8)
    assert protocol["compared_with"] == "539 test images"


def test_writes_the_same_scores_and_pictures_every_time(
    scored: Scored, scores: Callable[..., dict[str, Any]], bank: np.ndarray
) -> None:
    def written(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.rglob("*.*") if path.name != "report.html"}

    first = written(scored.metrics)
    assert set(first) == {
        "metrics.json",
        "scores.json",
        "samples.png",
        "real-beside-fake.png",
        "per-class.png",
        "neighbours.png",
        "confusion.csv",
    }
    scores(bank)
    assert written(Path("metrics")) == first


def test_leaves_what_other_stages_wrote_beside_it(scored: Scored) -> None:
    assert (scored.metrics / "report.html").read_text() == "a report"


def test_a_rare_class_is_in_every_picture(
    digits: Prepared, judges: dict[str, Judge], params: Params, bank: np.ndarray
) -> None:
    generator = open_generator(write_generator(Path("bank.onnx"), bank, DIGITS), digits)
    evidence = gather(generator, digits, judges, params.evaluate)
    labels = np.zeros(600, np.int64)
    labels[[5, 300, 599]] = 3, 7, 9
    shown = _of_every_class(evidence, replace(evidence["fake"], labels=labels), 12)
    assert labels[shown].tolist() == [0] * 9 + [3, 7, 9]
    assert len(set(shown.tolist())) == 12


def test_the_nearest_training_images_of_copies_are_their_originals(
    params: Params, digits: Prepared, judges: dict[str, Judge], bank: np.ndarray
) -> None:
    generator = open_generator(write_generator(Path("bank.onnx"), bank, DIGITS), digits)
    sheet = np.asarray(neighbours(gather(generator, digits, judges, params.evaluate)))
    tiles = sheet[28:, :64], sheet[28:, 84 : 84 + 64], sheet[28:, 363 : 363 + 64]
    assert sheet.shape == (28 + 12 * 65 - 1, 64 + 2 * (20 + 4 * 65 - 1))
    for nearest in tiles[1:]:
        assert (nearest == tiles[0]).all()
    assert len({tiles[0][65 * row : 65 * row + 64].tobytes() for row in range(12)}) > 6


def test_the_key_figures_are_those_of_the_scores(scored: Scored) -> None:
    key = json.loads((scored.metrics / "metrics.json").read_text())
    assert key.pop("protocol").startswith(
        "600 samples, seed 1, against 539 test images of digits at 8 pixels; judge"
    )
    assert key == {name: figure["value"] for name, figure in scored.scores.items() if name != "protocol"}


def test_the_confusion_matrix_says_what_was_seen_instead(
    scores: Callable[..., dict[str, Any]], bank: np.ndarray
) -> None:
    dropped = bank.copy()
    dropped[3] = bank[5]
    scores(dropped)
    header, *rows = Path("metrics/cgan-mnist/details/confusion.csv").read_text().splitlines()
    assert header == "asked for \\ seen,0,1,2,3,4,5,6,7,8,9"
    counts = np.array([row.split(",") for row in rows], int)[:, 1:]
    wanted = np.load("data/prepared/digits-8/test_labels.npy")
    np.testing.assert_allclose(counts.sum(axis=1), np.bincount(wanted) * 600 / len(wanted), atol=1)
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
    assert (protocol["samples_asked_for"], protocol["samples"]) == (10_000, protocol["samples"])
    assert 1200 < protocol["samples"] <= 1258  # as many as keep the test images' class shares
    assert protocol["real"].startswith(f"{protocol['samples']:,} training images, which the judges")


def test_prints_a_table(scored: Scored) -> None:
    for words in ("judge-FID", "label accuracy", "diversity", "real", "noise", "600 samples", "no Inception"):
        assert words in scored.said


def test_a_missing_generator_is_named(params: Params) -> None:
    with pytest.raises(UserError, match=r"cgan-mnist\.onnx"):
        stage.main(params)


def test_images_of_another_size_are_refused(params: Params, bank: np.ndarray) -> None:
    wide = np.pad(bank, [(0, 0)] * 3 + [(2, 2), (2, 2)])
    write_generator(Path("exported") / f"{params.name}.onnx", wide, DIGITS)
    with pytest.raises(UserError, match=r"makes images \[1, 12, 12\].*holds images \[1, 8, 8\]"):
        stage.main(params)
    assert not Path("metrics").exists()


def test_other_classes_are_refused(params: Params, bank: np.ndarray) -> None:
    write_generator(Path("exported") / f"{params.name}.onnx", bank, list("abcdefghij"))
    with pytest.raises(UserError, match="knows the classes a, b"):
        stage.main(params)


def test_too_few_real_images_are_refused(
    digits: Prepared, judges: dict[str, Judge], params: Params, bank: np.ndarray
) -> None:
    generator = Generator(write_generator(Path("bank.onnx"), bank, DIGITS))
    table = replace(digits.tables[0], counts={**digits.counts, "test": {"total": 19}})
    with pytest.raises(UserError, match="has 19 test images: scores need 20 or more"):
        gather(generator, replace(digits, tables=(table,)), judges, params.evaluate)


def test_the_judge_stage_writes_each_judge(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    content = use_the_digits(tiny("cgan-mnist"))
    content["data"] |= {"test_fraction": 0.2, "set_aside": 10_000}
    for judge in content["judges"].values():
        judge |= {"epochs": 1, "min_accuracy": 0.0}
    params = project(content)
    judge_stage.main(params)
    said = capsys.readouterr().out
    for name in ("convolutional", "dense", "texture"):
        accuracy = Judge.load(Path("models/judge/digits-8/images") / name).description["accuracy"]
        assert f"judge {name}: {accuracy:.2%} of 239 images set aside right" in said
