"""`dvc exp run --temp`, as a user starts it: DVC works in a copy of the repository, and takes that away."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.params import Params
from tests.conftest import tiny
from tests.test_pipeline import copy_project, run, start
from tests.training.test_train_stage import hashes, hashes_of_training

EXPERIMENT = ("dvc", "exp", "run", "--temp", "train")


def repository(folder: Path, content: dict[str, Any]) -> None:
    """A project in git, which DVC's experiments need."""
    copy_project(folder, content)
    (folder / ".gitignore").write_text(".resume/\n")
    for command in (
        ("git", "init", "--quiet"),
        ("git", "config", "user.name", "t"),
        ("git", "config", "user.email", "t@example.org"),
        ("dvc", "init", "--quiet"),
        ("git", "add", "."),
        ("git", "commit", "--quiet", "--message", "first"),
    ):
        run(folder, *command)


def kill_training(dvc: "subprocess.Popen[str]", folder: Path) -> str:
    """Kill it with -9 once it has saved a second state; what dvc says of it on stderr."""
    while not list(folder.glob(".resume/cdcgan-*/state-previous.pt")):
        assert dvc.poll() is None, "the run ended before its first checkpoint"
        time.sleep(0.005)
    for process in psutil.Process(dvc.pid).children(recursive=True):
        if process.cmdline()[-1:] == ["stages.train"] and ".dvc/tmp/exps" in process.cwd():
            process.send_signal(signal.SIGKILL)
    return dvc.communicate()[1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a working folder is told there alone")
def test_training_killed_in_a_temporary_copy_goes_on_in_the_next_and_ends_in_the_same_bytes(
    project: Callable[[dict[str, Any]], Params], tmp_path: Path
) -> None:
    content = tiny("cdcgan")
    content["data"]["size"] = 16
    content["train"] |= {"epochs": 10, "checkpoints": 50}
    undisturbed = hashes_of_training(project(content))
    folder = tmp_path / "repository"
    repository(folder, content)
    # -9 where the shell made way for python, 137 where it stayed to tell of it
    said = kill_training(start(folder, *EXPERIMENT), folder)
    assert re.search(r"stages.train, exited with (-9|137)\b", said)
    assert not list(folder.glob(".dvc/tmp/exps/standalone/tmp*"))  # the copy is gone
    _, said = start(folder, *EXPERIMENT).communicate()
    assert "going on from step" in said
    # `dvc exp apply` wants the results of all stages
    run(folder, "git", "checkout", run(folder, "dvc", "exp", "list", "--sha-only").strip(), "--", "dvc.lock")
    run(folder, "dvc", "checkout", "train")
    assert hashes(folder / "models" / "cdcgan") == undisturbed
