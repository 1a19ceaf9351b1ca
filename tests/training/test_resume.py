"""A run that was stopped, killed or damaged goes on, and ends in the bytes of one that was left alone."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TextIO

import pytest

from pipeline.errors import RunError, UserError
from pipeline.params import DataParams, Params
from pipeline.training import run as training_run
from pipeline.training.loop import Loop
from pipeline.training.state import previous
from stages import train as stage
from tests.conftest import ROOT, begin, ended, tiny
from tests.training.test_train_stage import hashes, hashes_of_training, stabilised

Project = Callable[[dict[str, Any]], Params]
Trained = Callable[[str], Path]
Prepare = Callable[[DataParams], Path]
COMMAND = [sys.executable, "-m", "stages.train"]
# the threads of this process and the child's must be as many: their number is part of the machine
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def goes_on_to(undisturbed: dict[str, str], params: Params, capsys: pytest.CaptureFixture[str]) -> None:
    """The same stage goes on from a saved state, and ends in these bytes."""
    capsys.readouterr()
    stage.main(params)
    assert "going on from step" in capsys.readouterr().err
    assert hashes(Path("models/cdcgan")) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "make"),
    [
        *itertools.product(["cdcgan", "dcgan28-mnist"], [tiny, stabilised]),  # averages; dropout
        ("bigan-mnist", tiny),  # two networks under one optimiser
        ("ebgan-mnist", tiny),  # no game
        ("deligan-mnist", tiny),  # two fields drawn
        ("infogan-mnist", tiny),  # a player that shares weights with another
        ("cyclegan-digits", tiny),  # two tables, pools
        ("pix2pix-edges", tiny),  # two images a row
        ("cogan-mnist", tiny),  # players that share weights among themselves
        ("sgan-mnist", tiny),  # a few rows with labels, weights that start from the data
        ("aae-mnist", tiny),  # a player that is a part of another
        ("avb-mnist", tiny),  # noise of several purposes
    ],
)
def test_a_stopped_run_goes_on_and_ends_in_the_same_bytes(
    project: Project,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[str], dict[str, Any]],
    name: str,
) -> None:
    content = make(name)
    params = project(content)
    alone = hashes(trained(name) / "models" / name) if make is tiny else hashes_of_training(params)

    step = Loop.step

    def stopping(loop: Loop) -> None:
        if loop.state.step == loop.steps - 1:  # a checkpoint lies two steps before
            raise KeyboardInterrupt
        step(loop)

    monkeypatch.setattr(Loop, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        stage.main(params)
    monkeypatch.setattr(Loop, "step", step)
    stage.main(params)
    assert hashes(Path("models", name)) == alone


@pytest.mark.slow
def test_a_killed_process_goes_on_and_ends_in_the_same_bytes(
    project: Project, start_stage: Callable[..., BaseProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    content = tiny("cdcgan")
    content["data"]["size"] = 16
    content["train"] |= {"epochs": 4, "checkpoints": 20}
    params = project(content)
    undisturbed = hashes_of_training(params)
    process = start_stage("train")
    while not list(Path(".resume").glob("cdcgan-*/state-previous.pt")):
        assert process.is_alive(), "the run ended before its first checkpoint"
        time.sleep(0.005)
    process.kill()
    assert ended(process) == -signal.SIGKILL
    goes_on_to(undisturbed, params, capsys)


def saved_at_the_end_alone() -> dict[str, Any]:
    """A run of a second or two, 60 steps, without a checkpoint on the way; a line of it every ten."""
    content = tiny("cdcgan")
    content["data"]["size"] = 16
    content["train"] |= {"epochs": 12, "checkpoints": 1, "pictures": 6, "log_every": 10}
    return content


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory, prepared_digits: Prepare) -> dict[str, str]:
    """The hashes of that run."""
    folder = tmp_path_factory.mktemp("left alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return hashes_of_training(begin(folder, saved_at_the_end_alone(), prepared_digits))


def wait_for_a_step(said: TextIO) -> None:
    """Read what a trainer says until it has made some steps."""
    assert any(line.startswith("step 10/60") for line in said), "it ended first"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_at_once_and_the_run_goes_on_to_the_same_bytes(
    left_alone: dict[str, str], project: Project, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    params = project(saved_at_the_end_alone())
    process = subprocess.Popen(COMMAND, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    wait_for_a_step(process.stderr)
    began = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate()
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert re.search(r"stopped at step \d+ of 60 and saved; the same command goes on there", said)
    goes_on_to(left_alone, params, capsys)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of a parent's death there alone")
def test_a_trainer_whose_parent_was_killed_saves_and_the_run_goes_on_to_the_same_bytes(
    left_alone: dict[str, str], project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    params = project(saved_at_the_end_alone())
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run({COMMAND})"],
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_a_step(parent.stderr)
    parent.send_signal(signal.SIGKILL)
    said = parent.stderr.read()  # to the end: until the trainer, too, is gone
    assert parent.wait() == -signal.SIGKILL
    assert re.search(r"stopped at step \d+ of 60 and saved", said)
    goes_on_to(left_alone, params, capsys)


def stopped_before_the_end(params: Params, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Train to the last checkpoint, and leave the saved state."""
    with monkeypatch.context() as patch:
        patch.setattr(training_run.Run, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            stage.main(params)
    return next(Path(".resume").glob("cdcgan-*/state.pt"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage", [lambda data: data[:1000], lambda data: data[:-500] + bytes(500), lambda data: b""]
)
def test_a_damaged_state_is_named_and_the_one_before_it_used(
    project: Project,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[bytes], bytes],
) -> None:
    undisturbed = hashes(trained("cdcgan") / "models/cdcgan")
    params = project(tiny("cdcgan"))
    saved = stopped_before_the_end(params, monkeypatch)
    saved.write_bytes(damage(saved.read_bytes()))
    capsys.readouterr()
    stage.main(params)
    said = capsys.readouterr().err
    assert f"warning: {saved} is damaged; the state before it is used" in said
    assert "going on from step" in said
    assert hashes(Path("models/cdcgan")) == undisturbed


@pytest.mark.slow
def test_other_parameters_never_go_on_from_a_saved_state(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = stopped_before_the_end(project(tiny("cdcgan")), monkeypatch)
    content = tiny("cdcgan")
    content["train"]["players"]["generator"]["lr"] *= 2
    params = project(content)
    stage.main(params)
    assert "going on from step" not in capsys.readouterr().err
    beside_a_state = hashes(Path("models/cdcgan"))
    assert saved.exists()
    shutil.rmtree(".resume")
    assert hashes_of_training(params) == beside_a_state


def test_two_damaged_states_are_an_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    params = project(tiny("cdcgan"))
    saved = stopped_before_the_end(params, monkeypatch)
    for path in (saved, previous(saved)):
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RunError, match=r"state\.pt and .*state-previous\.pt: damaged"):
        stage.main(params)


def test_a_second_trainer_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    params = project(tiny("cdcgan"))
    step = Loop.step

    def with_company(loop: Loop) -> None:
        with pytest.raises(UserError, match="another process is training this very run"):
            stage.main(params)
        monkeypatch.setattr(Loop, "step", step)
        step(loop)

    monkeypatch.setattr(Loop, "step", with_company)
    stage.main(params)
    assert Path("models/cdcgan/shipped/generator.safetensors").exists()
