"""Saved states: where they lie, how long they stay, and the command that lists and cleans them."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.params import Params
from pipeline.training.guard import only_trainer
from pipeline.training.loop import Loop
from stages import export as export_stage
from stages import resume
from stages import train as stage
from tests.conftest import tiny
from tests.training.test_train_stage import hashes

Project = Callable[[dict[str, Any]], Params]
Trained = Callable[[str], Path]


@pytest.mark.slow
def test_a_run_in_a_temporary_copy_goes_on_in_the_next(
    project: Project,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As `dvc exp run --temp` and queued runs make one, and delete it."""
    undisturbed = hashes(trained("cdcgan") / "models/cdcgan")
    params = project(tiny("cdcgan"))
    root = Path.cwd()
    monkeypatch.setenv("DVC_ROOT", str(root))
    step = Loop.step

    def stopped(loop: Loop) -> None:
        if loop.state.step == 4:
            raise KeyboardInterrupt
        step(loop)

    def go_into(copy: str) -> None:
        folder = root / ".dvc" / "tmp" / "exps" / copy
        shutil.copytree(root / "data", folder / "data", symlinks=True)
        monkeypatch.chdir(folder)

    go_into("first")
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "step", stopped)
        with pytest.raises(KeyboardInterrupt):
            stage.main(params)
    go_into("second")
    shutil.rmtree(root / ".dvc" / "tmp" / "exps" / "first")
    capsys.readouterr()
    stage.main(params)
    assert "going on from step" in capsys.readouterr().err
    assert hashes(Path("models/cdcgan")) == undisturbed


@pytest.mark.slow
def test_a_training_that_ended_is_kept_until_its_generator_is_exported(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """DVC, killed before it commits what train wrote, deletes that at the next start."""
    params = project(tiny("cdcgan"))
    stage.main(params)
    undisturbed = hashes(Path("models/cdcgan"))
    shutil.rmtree("models")
    capsys.readouterr()
    stage.main(params)
    assert "going on from step 5" in capsys.readouterr().err  # the last
    assert hashes(Path("models/cdcgan")) == undisturbed
    export_stage.main(params)
    assert not list(Path(".resume").glob("cdcgan-*"))


@pytest.mark.slow
def test_a_run_that_ended_collapsed_is_kept_as_well(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipeline.training.monitor.WARM_UP", 0)
    monkeypatch.setattr("pipeline.training.monitor.COLLAPSED", 1e9)  # any picture
    params = project(tiny("cdcgan"))
    stage.main(params)
    undisturbed = hashes(Path("models/cdcgan"))
    capsys.readouterr()
    stage.main(params)
    assert "going on from step 5" in capsys.readouterr().err
    assert hashes(Path("models/cdcgan")) == undisturbed


def folder_of(name: str, days: float, content: bytes = b"x" * 1_500_000) -> Path:
    """States that were written so many days ago."""
    folder = Path(".resume", name)
    folder.mkdir(parents=True)
    state = folder / "state.pt"
    state.write_bytes(content)
    then = state.stat().st_mtime - days * resume.DAY
    os.utime(state, (then, then))
    return folder


def say(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["resume", *arguments])
    with pytest.raises(SystemExit) as ended:
        resume.command_line()
    assert not ended.value.code


def test_states_are_listed_with_age_and_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder_of("cdcgan-0123456789abcdef", days=9)
    (folder_of("gan-mnist-0123456789abcdef", days=0.5) / "finished").touch()
    say(monkeypatch, "list")
    first, second, total = capsys.readouterr().out.splitlines()
    assert first.split("  ")[0] == "cdcgan-0123456789abcdef"
    assert "can go on" in first
    assert "9 days" in first
    assert "1.5 MB" in first
    assert "finished, not exported" in second
    assert total == "2 runs, 3.0 MB"


def test_old_states_are_deleted_and_those_in_use_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    old, used = folder_of("cdcgan-0123", days=9), folder_of("cdcgan-4567", days=9)
    young, other = folder_of("cdcgan-89ab", days=1), folder_of("gan-mnist-0123", days=9)
    with only_trainer(used):
        say(monkeypatch, "clean", "--name", "cdcgan")
        assert "deleted cdcgan-0123" in capsys.readouterr().out
        assert [folder.exists() for folder in (old, used, young, other)] == [False, True, True, True]
        say(monkeypatch, "clean", "--older-than", "0")
    assert [folder.exists() for folder in (old, used, young, other)] == [False, True, False, False]


def test_a_wrong_option_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["resume", "clean", "--older-than", "a while"])
    with pytest.raises(UserError, match="--older-than"):
        resume.command_line()
