"""No stage outlives what started it, and no two write to one place."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import stages.run
from pipeline.params import Params
from tests.conftest import ROOT, tiny

Project = Callable[[dict[str, Any]], Params]
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of a parent's death there alone")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
# as dvc does: it notes that it writes, runs the command in a shell, which some shells stay in, and waits
DVC = """
import json, os, pathlib, subprocess, sys
notes = pathlib.Path(".dvc/tmp/rwlock")
notes.parent.mkdir(parents=True, exist_ok=True)
notes.write_text(json.dumps({"write": {"/models": {"pid": os.getpid(), "cmd": "dvc repro"}}, "read": {}}))
os.environ["DVC_STAGE"] = "NAME"
stage = subprocess.Popen(f"{sys.executable} -m stages.NAME; exit $?", shell=True)
print(stage.pid, flush=True)
stage.wait()
"""


def still_runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ends(pid: int, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while still_runs(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not still_runs(pid)


@linux
@pytest.mark.slow
@pytest.mark.parametrize("stage", ["judge", "train", "evaluate"])
@pytest.mark.parametrize("after", [0.0, 0.02, 0.2, 0.8])  # seconds; most of these pass with imports
def test_a_stage_ends_with_dvc_at_any_moment(project: Project, stage: str, after: float) -> None:
    content = tiny("cdcgan")
    content["judges"]["convolutional"]["epochs"] = content["train"]["epochs"] = 500
    project(content)
    dvc = subprocess.Popen(
        [sys.executable, "-c", DVC.replace("NAME", stage)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    pid = int(dvc.stdout.readline())
    time.sleep(after)
    dvc.kill()
    dvc.wait()
    try:
        assert ends(pid)
    finally:
        if still_runs(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_second_of_the_same_stage_is_refused_and_another_name_is_not(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stages.run, "LOCK_WAIT", 0.1)
    params = project(tiny("cdcgan"))
    calls = []

    def main(params: Params) -> None:
        calls.append(params.name)
        if len(calls) == 1:
            with pytest.raises(SystemExit) as ended:
                stages.run.run(main)
            assert ended.value.code == 2
            project(tiny("cdcgan") | {"name": "another"})
            stages.run.run(main)

    stages.run.run(main)
    assert calls == [params.name, "another"]
    assert "another process runs `test_guarded` of cdcgan" in capsys.readouterr().err


@linux
@pytest.mark.slow
def test_dvc_notes_what_it_writes_where_the_guard_looks(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(
        "stages: {look: {cmd: 'cp .dvc/tmp/rwlock seen && env > environment', outs: [seen]}}"
    )
    environment = ENVIRONMENT | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in (["init", "--no-scm", "--quiet"], ["repro", "--quiet"]):
        subprocess.run(["dvc", *command], cwd=tmp_path, env=environment, check=True)
    noted = json.loads((tmp_path / "seen").read_text())
    assert [type(writer["pid"]) for writer in noted["write"].values()] == [int]
    assert "DVC_STAGE=look" in (tmp_path / "environment").read_text()
