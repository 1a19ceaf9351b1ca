"""Whatever ends a process, running it again ends in the bytes of a run that was left alone."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.files import sha256_of
from pipeline.params import Params
from pipeline.places import prepared_dir
from pipeline.training.loop import Loop
from stages import train as stage
from tests.conftest import ROOT, RUN_STAGE, ended, tiny, write_params
from tests.training.test_resume import stopped_before_the_end
from tests.training.test_train_stage import hashes, hashes_of_training

Project = Callable[[dict[str, Any]], Params]
Trained = Callable[[str], Path]
KILLS = 1  # of each stage; `python -m benchmarks.kills` makes twenty
# the process kills itself in place of its rename number {number}, the first being 0
KILLED_AT_A_RENAME = (
    """
import itertools, os, signal
rename, calls = os.replace, itertools.count()
def replace(*names):
    if next(calls) == {number}:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(*names)
os.replace = replace
"""
    + RUN_STAGE
)


def one_save_a_step() -> dict[str, Any]:
    content = tiny("cdcgan")
    content["train"] |= {"epochs": 4, "checkpoints": 20, "pictures": 10}
    return content


STAGES = ("preprocess", "judge", "train", "export", "evaluate", "represent", "package", "report")


@pytest.mark.slow
def test_kills_at_random_moments_of_every_stage_leave_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_stage: Callable[..., BaseProcess]
) -> None:
    monkeypatch.chdir(tmp_path)
    content = tiny("gan-mnist")
    content["data"]["size"] = 16
    judge = content["judges"]["convolutional"] | {"epochs": 1, "min_accuracy": 0.0}
    content["judges"] = {"convolutional": judge}
    content["train"] |= {"epochs": 2, "checkpoints": 10}
    content["evaluate"]["samples"] = 100
    write_params(content, tmp_path)
    assert ended(start_stage("download")) == 0
    took = {}
    for name in STAGES:
        began = time.monotonic()
        assert ended(start_stage(name)) == 0
        took[name] = time.monotonic() - began
    undisturbed, moments = made(), random.Random(5)
    for name in STAGES:
        for _ in range(KILLS):
            shutil.rmtree(".resume")
            process = start_stage(name)
            process.join(moments.uniform(0, took[name]))
            process.kill()
            ended(process)
            assert made().items() <= undisturbed.items()  # nothing half-written in place of something good
            assert ended(start_stage(name)) == 0
            assert made() == undisturbed


def made() -> dict[str, str]:
    """What all stages have put in place, by name."""
    roots = (Path(root) for root in ("data/prepared", "models", "exported", "metrics"))
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    visible = [path for path in files if not any(part.startswith(".") for part in path.parts)]
    return {str(path): sha256_of(path) for path in visible}


@pytest.mark.slow
def test_kills_between_the_renames_of_training_leave_no_trace(
    project: Project, trained: Trained, start_stage: Callable[..., BaseProcess]
) -> None:
    project(tiny("cdcgan"))
    shutil.copytree(trained("cdcgan") / "models", "models")
    undisturbed = hashes(Path("models/cdcgan"))
    # in place of making the first state the one before, and of moving aside what was there before the results
    for number in (3, 15):
        assert ended(start_stage("train", KILLED_AT_A_RENAME, number=number)) == -signal.SIGKILL
        assert ended(start_stage("train")) == 0
        assert hashes(Path("models/cdcgan")) == undisturbed
        assert [path.name for path in Path("models").iterdir()] == ["cdcgan"]  # nothing half-written stays
        shutil.rmtree(".resume")
    assert ended(start_stage("train", KILLED_AT_A_RENAME, number=17)) == 0  # there are no more


# a file system of its own, seen by nobody else and gone with the shell
SMALL_DISK = """
mount -t tmpfs -o size={bytes} none .resume || exit 77
{python} -m stages.train; echo "exit code $?" >&2
mount -o remount,size=100m .resume
{python} -m stages.train
"""


@pytest.mark.slow
def test_a_full_disk_ends_in_one_line_and_with_more_room_the_run_goes_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = project(one_save_a_step())
    size = stopped_before_the_end(params, monkeypatch).stat().st_size
    undisturbed = hashes_of_training(params)
    shutil.rmtree("models")
    # room for two states, not for the third that is written before the first goes
    script = SMALL_DISK.format(bytes=5 * size // 2, python=sys.executable)
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    full, more_room = done.stderr.split("exit code 1\n")
    errors = [line for line in full.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "the disk is full; free some room and run the same command again" in errors[0]
    assert "going on from step" in more_room
    assert hashes(Path("models/cdcgan")) == undisturbed


def own_data(params: Params) -> Path:
    """The project's data as a copy of its own, in place of a link; the training images."""
    folder = prepared_dir(params.data)
    source = folder.resolve()
    folder.unlink()
    shutil.copytree(source, folder)
    return folder / "train_images.npy"


def test_data_that_changed_since_they_were_prepared_are_refused(project: Project) -> None:
    params = project(tiny("cdcgan"))
    images = own_data(params)
    images.write_bytes(images.read_bytes()[:-1] + b"x")
    with pytest.raises(
        UserError, match=r"train_images\.npy has changed since it was prepared: run `dvc repro`"
    ):
        stage.main(params)


@pytest.mark.slow
def test_data_that_change_under_a_run_stop_it_and_put_back_it_goes_on(
    project: Project,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    params = project(tiny("cdcgan"))
    shutil.copytree(trained("cdcgan") / "models", "models")
    undisturbed = hashes(Path("models/cdcgan"))
    images = own_data(params)
    before = images.read_bytes()
    step = Loop.step

    def meddling(loop: Loop) -> None:
        step(loop)
        if loop.state.step == 3:
            images.write_bytes(before[:-1] + b"x")

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "step", meddling)
        with pytest.raises(UserError, match=r"train_images\.npy has changed"):
            stage.main(params)
    assert hashes(Path("models/cdcgan")) == undisturbed
    images.write_bytes(before)
    capsys.readouterr()
    stage.main(params)
    assert "going on from step 2" in capsys.readouterr().err
    assert hashes(Path("models/cdcgan")) == undisturbed
