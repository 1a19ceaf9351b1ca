"""gan-new, from its command line: what it writes, what it says, and what it refuses."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.loading import load
from pipeline.params import Params
from pipeline.planning import estimate, machine
from tests.conftest import ROOT

RATE = {64: 100.0, 32: 400.0}  # images a second at the preset's widths, of the machine that is put in


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout on a machine of known speed, whose steps take twice as long at twice the widths."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)

    def rate(params: Params, channels: int, classes: int) -> float:
        widths = {"cdcgan": ("generator_width", 24), "dcgan": ("width", 64)}
        key, whole = widths[params.model.kind]
        return RATE[params.data.size] * whole / getattr(params.model, key)

    monkeypatch.setattr(machine, "trained_a_second", rate)
    monkeypatch.setattr(machine, "judged_in", lambda *_: estimate.REFERENCE)
    return tmp_path


@pytest.fixture
def new(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command: exit code, what it said, and what it said was wrong."""
    from stages.new import command

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gan-new", *words])
        with pytest.raises(SystemExit) as ended:
            command()
        said = capsys.readouterr()
        wrong = [line for line in said.err.splitlines() if line.startswith("error: ")]
        return ended.value.code or 0, said.out, "\n".join(wrong)

    return run


def draw(folder: Path, count: int, side: int = 32, high: int | None = None) -> Path:
    """So many pictures of noise."""
    random = np.random.default_rng(len(folder.parts) + count)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = random.integers(0, 256, (high or side, side, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_what_is_written_fits_the_time_and_keeps_the_comments(project: Path, new: Callable) -> None:
    draw(project / "Cats", 150)
    code, said, _ = new("--from", "Cats", "--minutes", "20")
    params, text = load(Path("params.yaml")), Path("params.yaml").read_text()
    assert code == 0
    assert (params.name, params.model.kind, params.data.size, params.data.channels) == (
        "cats",
        "dcgan",
        32,
        3,
    )
    assert {judge.min_accuracy for judge in params.judges.values()} == {0.0}
    assert params.stabilisers.augmentation == ("colour", "translation", "cutout")
    assert "# pixels a side\n" in text
    assert "  inception_weights: null  " in text
    learnt = 150 - round(150 * params.data.test_fraction) - params.data.set_aside
    seen = params.train.epochs * (learnt // params.train.batch) * params.train.batch
    beside = sum(estimate.FIXED.values())
    assert 0.9 * 20 * 60 < beside + seen / RATE[32] < 20 * 60  # the preset's widths: there is time for them
    assert params.model.width == 64
    assert f"{seen:,} images" in said
    assert "too few pictures: from 150 it learns colours" in said
    assert Image.open("data/cats-cut.png").width > 32


@pytest.mark.parametrize(
    ("classes", "words", "kind", "told"),
    [
        ({"a": 60, "b": 60}, (), "cdcgan", "60 a label"),
        ({"a": 60, "b": 60}, ("--minutes", "5"), "cdcgan", "too little time for shapes"),
        ({"a": 60, "b": 5}, (), "dcgan", "without classes: b has 5 pictures, and a class needs 20"),
        ({"a": 70, "b": 21}, (), "cdcgan", "classes are very unequal: pictures of small ones are repeated"),
        ({"a": 30, "a/nested": 30, ".": 3}, (), "dcgan", "folders are not taken as classes: "),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict | tuple) else value,
)
def test_labels_and_time_decide(
    project: Path, new: Callable, classes: dict[str, int], words: tuple[str, ...], kind: str, told: str
) -> None:
    for name, count in classes.items():
        draw(project / "set" / name, count)
    code, said, wrong = new("--from", "set", *words)
    params = load(Path("params.yaml"))
    assert (code, params.model.kind, wrong) == (0, kind, "")
    assert params.data.pictures.balance == ("unequal" in told)
    assert told.removeprefix("60 ") in said


def test_little_time_takes_narrower_networks_or_smaller_pictures(project: Path, new: Callable) -> None:
    draw(project / "set", 60, side=70)
    sizes = {}
    for minutes in ("90", "30", "17"):
        assert new("--from", "set", "--minutes", minutes, "--force")[0] == 0
        params = load(Path("params.yaml"))
        sizes[minutes] = (params.data.size, params.model.width)
    assert sizes == {"90": (64, 64), "30": (64, 48), "17": (32, 64)}


def test_slow_pictures_are_taken_in_part(
    project: Path, new: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(project / "set", 300)
    monkeypatch.setattr(machine.Stopwatch, "seconds", property(lambda _: 300 * 0.5))  # half a second each
    code, said, _ = new("--from", "set", "--minutes", "10")
    limit = load(Path("params.yaml")).data.pictures.limit
    assert (code, limit) == (0, int(0.1 * 0.95 * 600 / (1.3 * 0.5)))
    assert f"{limit} of the 300 pictures are taken" in said


def test_long_pictures_give_their_ends_too(project: Path, new: Callable) -> None:
    draw(project / "set", 60, side=40, high=80)
    _, said, _ = new("--from", "set")
    assert load(Path("params.yaml")).data.pictures.square == "several"
    assert "60 no squares (up to 2.0 to 1)" in said


def test_copies_broken_and_other_files_are_told(project: Path, new: Callable) -> None:
    folder = draw(project / "set", 60)
    shutil.copy(folder / "0.png", folder / "again.png")
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("x")
    _, said, _ = new("--from", "set", "--quick")
    for told in ("1 exact copies", "left out, broken: bad.png", "left out, no known pictures: 1 .txt"):
        assert told in said


def test_a_zip_is_as_its_folder(project: Path, new: Callable) -> None:
    draw(project / "set" / "a", 40)
    draw(project / "set" / "b", 45)
    shutil.make_archive("set", "zip", "set")
    assert new("--from", "set", "--out", "one.yaml")[0] == 0
    assert new("--from", "set.zip", "--out", "two.yaml")[0] == 0
    one, two = (load(Path(f"{name}.yaml")) for name in ("one", "two"))
    assert two.data.path == "set.zip"
    assert (one.name, one.model, one.judges) == (two.name, two.model, two.judges)
    assert one.data.model_copy(update={"path": "set.zip"}) == two.data


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "nowhere"), "--from nowhere: there is no such folder or .zip"),
        (("--from", "empty"), "--from empty: no pictures there, 1 .txt"),
        (("--from", "few"), "5 pictures to train on, 0 in test/: too few; 20 or more are scored by"),
        (("--from", "some", "--size", "48"), "--size 48: 16, 32, 64, 128 can be made"),
        (("--from", "some", "--minutes", "1"), "--minutes 1: all but training takes 2 minutes"),
        (("--from", "some", "--out", "mine.yaml"), "mine.yaml is there, and no copy of a preset: --force"),
        (("--from", "some", "--name", "Ünder"), "name: "),
        (("--form", "some"), "(see --help)"),
    ],
)
def test_refused_in_one_line(project: Path, new: Callable, words: tuple[str, ...], told: str) -> None:
    (project / "empty").mkdir()
    (project / "empty" / "a.txt").write_text("x")
    draw(project / "few", 5)
    draw(project / "some", 60)
    (project / "mine.yaml").write_text("name: mine")
    before = Path("params.yaml").read_bytes()
    code, _, wrong = new(*words)
    assert (code, "\n" in wrong, told in wrong) == (2, False, True), wrong
    assert Path("params.yaml").read_bytes() == before
    assert Path("mine.yaml").read_text() == "name: mine"


def test_outside_the_project_it_says_where_it_runs(
    tmp_path: Path, new: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path.parent)
    assert "run gan-new in the project's folder" in new("--from", str(tmp_path))[2]


def test_help_and_mistakes_need_no_torch() -> None:
    code = "import sys, stages.new as new; sys.argv = ['gan-new', '--from', 'nowhere']\n"
    code += "try: new.command()\nexcept SystemExit: sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, env=os.environ)
    assert (done.returncode, b"no such folder" in done.stderr) == (0, True)


def test_a_trial_of_the_machine_gives_rates(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real ones, for a moment."""
    monkeypatch.undo()
    monkeypatch.setattr(machine, "SECONDS", 0.01)
    content = load(ROOT / "presets" / "quickstart.yaml")
    small = content.model_copy(
        update={"train": content.train.model_copy(update={"batch": 4, "device": "cpu"})}
    )
    assert machine.trained_a_second(small, 1, 10) > 1
    judge = content.judges["texture"]
    assert 0 < machine.judged_in(judge, 3, 8, 0) < 1
