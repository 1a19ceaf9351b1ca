"""`python -m stages.compare`: any generators in one table."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.inference.errors import InferenceError
from pipeline.params import EvaluateParams, Params
from pipeline.scoring import evidence
from pipeline.scoring.compare import WRITERS, compare, names_of
from pipeline.scoring.evidence import gather, open_generator
from pipeline.scoring.figure import rounded
from pipeline.scoring.figures import precision_recall, score
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.protocol import code_hash, protocol
from stages import compare as stage
from stages.run import in_one_line
from tests.conftest import tiny
from tests.scoring.conftest import DIGITS, save_judges, use_the_digits, write_generator

pytestmark = pytest.mark.slow  # its fixtures run whole stages

PARAMS = EvaluateParams(judge="convolutional", samples=520, seed=1, inception_weights=None)


@pytest.fixture(scope="module")
def files(bank: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A generator of real images, one that ignores the noise, and one that takes no label."""
    folder = tmp_path_factory.mktemp("exported")
    return [
        write_generator(folder / "good.onnx", bank, DIGITS),
        write_generator(folder / "constant.onnx", bank[:, :1], DIGITS),
        write_generator(folder / "unlabelled.onnx", bank, []),
    ]


@pytest.fixture(scope="module")
def scores(files: list[Path], digits: Prepared, judges: dict[str, Judge]) -> dict[str, dict[str, Any]]:
    """All three compared."""
    return compare(files, digits, judges, PARAMS)


@pytest.fixture
def lines(scores: dict[str, dict[str, Any]], tmp_path: Path) -> list[str]:
    """The table as Markdown."""
    WRITERS[".md"](tmp_path / "table.md", scores)
    return (tmp_path / "table.md").read_text().splitlines()


def row(lines: list[str], title: str) -> list[str]:
    """The cells behind a row's title."""
    (line,) = [line for line in lines if line.startswith(f"| {title} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_one_column_a_generator_and_one_row_a_figure(
    lines: list[str], scores: dict[str, dict[str, Any]]
) -> None:
    assert row(lines, "figure") == ["good", "constant", "unlabelled", "real", "good"]
    good, constant, unlabelled, real, wanted = row(lines, "judge-FID")
    assert " ± " in good
    good, constant, unlabelled = (float(cell.split()[0]) for cell in (good, constant, unlabelled))
    assert good == pytest.approx(scores["good"]["judge_fid"]["value"], rel=1e-3)
    assert constant > 3 * good
    assert constant > 3 * unlabelled
    assert float(real) == pytest.approx(scores["good"]["judge_fid"]["real"], rel=1e-3)
    assert wanted == "low"


def test_a_difference_has_the_interval_of_the_pair(scores: dict[str, dict[str, Any]]) -> None:
    for key in ("judge_fid", "recall", "train_on_generated", "judge_kid"):
        assert "from_first" not in scores["good"][key]
        difference = scores["constant"][key]["from_first"]
        apart = scores["constant"][key]["value"] - scores["good"][key]["value"]
        assert difference["value"] == pytest.approx(apart, rel=1e-3)
        assert not difference["low"] <= 0 <= difference["high"]


def test_a_generator_is_not_told_from_itself(
    files: list[Path],
    digits: Prepared,
    judges: dict[str, Judge],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipeline.scoring.compare.score", precision_recall.measure)
    shutil.copy(files[0], tmp_path / "twin.onnx")
    twin = compare([files[0], tmp_path / "twin.onnx"], digits, judges, PARAMS)["twin"]
    assert twin["recall"]["from_first"] == {"value": 0, "low": 0, "high": 0}


def test_a_figure_that_makes_no_sense_is_a_dash(lines: list[str]) -> None:
    good, constant, unlabelled, real, _ = row(lines, "label accuracy")
    assert unlabelled == "-"
    assert "-" not in (good, constant, real)


def test_the_conditions_stand_below(lines: list[str], judge: Judge) -> None:
    assert lines[-1].startswith(
        "520 samples, seed 1, against 520 test images of digits at 8 pixels; "
        f"judge {judge.description['sha256'][:12]}; scoring {code_hash()[:12]}; real: 520 training images"
    )
    assert "≈: not told from the first" in lines[-1]


def test_scores_are_those_of_each_alone(
    files: list[Path], scores: dict[str, dict[str, Any]], digits: Prepared, judges: dict[str, Judge]
) -> None:
    for file in (files[0], files[2]):
        found = gather(open_generator(file, digits), digits, judges, PARAMS)
        alone = rounded(score(found)) | {"protocol": protocol(file, found, digits, PARAMS)}
        compared = {
            key: {part: value for part, value in figure.items() if part != "from_first"}
            for key, figure in scores[file.stem].items()
        }
        assert compared == alone


def test_real_images_and_noise_are_looked_at_once(
    files: list[Path], digits: Prepared, judges: dict[str, Judge], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, look_at = [], evidence.look_at
    monkeypatch.setattr(evidence, "look_at", lambda *seen: looks.append(seen) or look_at(*seen))
    monkeypatch.setattr("pipeline.scoring.compare.score", lambda evidence: {})
    compare(files, digits, judges, PARAMS)
    assert len(looks) == 3 + 3  # training images, test images, noise; samples of each


def test_a_generator_that_fails_while_running_is_named(
    files: list[Path], digits: Prepared, judges: dict[str, Judge], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise InferenceError("the model failed while running")

    monkeypatch.setattr("pipeline.inference.Network.outputs", fail)
    with pytest.raises(UserError, match="bank: the model failed while running"):
        compare(files[:1], digits, judges, PARAMS)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["exported/a.onnx", "exported/b.onnx"], ["a", "b"]),
        (["exported/a.onnx", "old/exported/a.onnx", "b.onnx"], ["HERE/exported/a", "old/exported/a", "b"]),
        (["1/a.onnx", "2/a.onnx"], ["1/a", "2/a"]),
        (["v1.2.onnx", "v1.3.onnx"], ["v1.2", "v1.3"]),
    ],
)
def test_names_tell_files_apart(
    paths: list[str], names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = names_of([Path(path) for path in paths])
    assert [name.replace(tmp_path.name, "HERE") for name in found] == names


@pytest.fixture
def params(project: Callable[[dict[str, Any]], Params], judges: dict[str, Judge]) -> Params:
    """A project with the digits prepared and the judges trained."""
    params = project(use_the_digits(tiny("cgan-mnist")))
    save_judges(params, judges)
    return params


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run the command line."""

    def run(*arguments: str | Path) -> None:
        monkeypatch.setattr("sys.argv", ["compare", *map(str, arguments)])
        stage.command_line()

    return run


def test_the_command_prints_and_writes_the_table(
    params: Params, files: list[Path], command: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        command(files[0], "--samples", "100", "--output", "a/table.md", "--output", "scores.json")
    assert not left.value.code
    printed = capsys.readouterr().out
    assert "judge-FID" in printed
    assert "100 samples" in printed
    full = json.loads(Path("scores.json").read_text())["good"]
    assert full["protocol"]["samples"] == 100
    cell = row(Path("a/table.md").read_text().splitlines(), "recall")[0]
    assert float(cell.split()[0]) == pytest.approx(full["recall"]["value"], rel=1e-3)
    assert full["judge_fid"]["why"] == "100 images are too few for it: 512 are needed"


def test_there_must_be_images_set_aside_to_choose_by(
    params: Params, files: list[Path], command: Callable[..., None]
) -> None:
    with pytest.raises(UserError, match="has 0 images set aside: scores need 20 or more"):
        command(files[0], "--aside")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument"),
        (["none.onnx"], "none.onnx: no such file"),
        (["a.onnx", "b/../a.onnx"], r"a.onnx is named twice"),
        (["a.onnx", "--samples", "9"], "9 is not in the range"),
        (["a.onnx", "--output", "table.csv"], r"--output table.csv: say a name that ends in .md or .json"),
        (["a.onnx", "--better"], r"No such option: --better \(see --help\)"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    params: Params, command: Callable[..., None], arguments: list[str], words: str
) -> None:
    with pytest.raises(UserError, match=words) as told:
        command(*arguments)
    assert "\n" not in str(told.value)


def test_the_exit_code_is_2_for_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        in_one_line(lambda: names_of([Path("a.onnx"), Path("a.onnx")]))
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("error: a.onnx is named twice")
