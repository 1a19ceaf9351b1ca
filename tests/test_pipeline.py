"""The whole way through DVC, small: parameters in, an ONNX file and scores out, the same bytes each time."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from ruamel.yaml import YAML

from tests.conftest import ROOT, ended, tiny, write_params

pytestmark = pytest.mark.slow


def copy_project(folder: Path, content: dict[str, Any]) -> None:
    """The code with parameters of its own; DVC is not yet told of it."""
    folder.mkdir()
    for name in ("pipeline", "stages"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "params.yaml").write_text(json.dumps(content))


def start(folder: Path, *command: str) -> "subprocess.Popen[str]":
    """Start a command in the project, with the environment's programs and none of this checkout's code."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def run(folder: Path, *command: str) -> str:
    """The same to its good end; what it said on stdout."""
    process = start(folder, *command)
    out, err = process.communicate()
    assert process.returncode == 0, out + err
    return out


def hashes(folder: Path) -> dict[str, str]:
    names = ["exported/cgan-mnist.onnx", "exported/cgan-mnist.json", "metrics/cgan-mnist/metrics.json"]
    names += [
        "exported/cgan-mnist.seeded.onnx",
        "exported/cgan-mnist/SHA256SUMS",
        "metrics/cgan-mnist/report.html",
    ]
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def repro(folder: Path, content: dict[str, Any]) -> None:
    """Take a new project, without git, the whole way."""
    copy_project(folder, content)
    run(folder, "dvc", "init", "--no-scm", "--quiet")
    run(folder, "dvc", "repro")


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    content = tiny("cgan-mnist")
    judge = content["judges"]["convolutional"] | {"epochs": 1, "min_accuracy": 0.0}
    content["judges"] = {"convolutional": judge}
    content["data"]["size"] = 16
    content["evaluate"]["samples"] = 100
    return content


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any]) -> Path:
    folder = tmp_path_factory.mktemp("dvc") / "project"
    repro(folder, content)
    return folder


def test_it_ends_in_a_generator_with_scores(project: Path) -> None:
    assert hashes(project)
    assert "judge_kid" in run(project, "dvc", "metrics", "show", "--json")
    run(project, "gan-infer", "--onnx", "exported/cgan-mnist.onnx", "--digit", "5")
    with Image.open(project / "digit-5.png") as picture:
        assert picture.size == (16, 16)


def test_nothing_is_done_twice(project: Path) -> None:
    said = run(project, "dvc", "repro")
    ran = [line for line in said.splitlines() if line.startswith("Running stage")]
    # the one looks at versions and machine, the other at the pictures
    assert sorted(ran) == ["Running stage 'download':", "Running stage 'software':"]


def test_a_new_system_or_data_set_makes_nobody_elses_work_stale(project: Path) -> None:
    room = project / "pipeline"
    new = [room / "systems" / "newest.py", room / "datasets" / "newest.py", room / "networks" / "newest.py"]
    for file in new:
        file.write_text('"""Something new."""\n')
    changed = json.loads(run(project, "dvc", "status", "--json"))
    for file in new:
        file.unlink()
    assert set(changed) <= {"software", "download"}  # which are always asked


def test_other_software_or_hardware_is_no_longer_up_to_date(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {name: (project / name).read_bytes() for name in ("software.json", "dvc.lock")}
    threads = json.loads(kept["software.json"])["threads"]
    monkeypatch.setenv("OMP_NUM_THREADS", str(int(threads) + 1))
    run(project, "dvc", "repro", "software")
    stale = set(json.loads(run(project, "dvc", "status", "--json"))) - {"software", "download"}
    for name, content in kept.items():
        (project / name).write_bytes(content)
    assert stale == {
        "preprocess", "judge", "train", "export", "evaluate", "represent", "package", "report"
    }  # fmt: skip


def test_only_what_depends_on_a_change_is_run(project: Path, content: dict[str, Any]) -> None:
    (project / "params.yaml").write_text(
        json.dumps(content | {"evaluate": content["evaluate"] | {"seed": 9}})
    )
    planned = run(project, "dvc", "repro", "--dry")
    (project / "params.yaml").write_text(json.dumps(content))
    assert "Running stage 'evaluate'" in planned
    assert not any(
        f"Running stage '{name}'" in planned for name in ("preprocess", "judge", "train", "export")
    )


def test_other_judges_score_anew_and_train_nothing(project: Path, content: dict[str, Any]) -> None:
    judges = content["judges"] | {"second": content["judges"]["convolutional"] | {"seed": 1}}
    other = content | {"judges": judges, "evaluate": content["evaluate"] | {"judge": "second"}}
    (project / "params.yaml").write_text(json.dumps(other))
    changed = json.loads(run(project, "dvc", "status", "--json"))
    (project / "params.yaml").write_text(json.dumps(content))
    assert {"judge", "evaluate", "report"} <= set(changed)
    assert not {"train", "export"} & set(changed)


def test_another_folder_without_dvc_gives_the_same_bytes(
    project: Path,
    content: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    start_stage: Callable[..., BaseProcess],
) -> None:
    other = project.parent / "elsewhere and longer"
    other.mkdir()
    write_params(content, other)
    monkeypatch.chdir(other)
    for name in stages(project):
        assert ended(start_stage(name)) == 0, name
    assert hashes(other) == hashes(project)


def stages(project: Path) -> list[str]:
    """In the order of dvc.yaml."""
    return list(YAML(typ="safe").load(project / "dvc.yaml")["stages"])
