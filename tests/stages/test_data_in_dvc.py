"""download and preprocess under DVC: a user's folder that changes, moves or goes, and an edit to the code."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from pipeline.data.prepared import Prepared
from tests.conftest import ROOT, tiny

STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]


class Project:
    """A copy of the data stages in a folder of its own, and pictures beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.pictures = folder / "pictures"
        random = np.random.default_rng(0)
        for name in "ab":
            (self.pictures / name).mkdir(parents=True)
            for number in range(100):
                self.draw(f"{name}/{number}.png", random)
        self.folder.mkdir()
        for name in ("pipeline", "stages"):
            shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        stages = {name: STAGES[name] for name in ("download", "preprocess")}
        (self.folder / "software.json").write_text("{}")  # the stage that writes it takes seconds
        (self.folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))
        self.point_at(self.pictures)
        self.run("dvc", "init", "--no-scm", "--quiet")

    def draw(self, name: str, random: np.random.Generator) -> None:
        Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).save(self.pictures / name)

    def point_at(self, pictures: Path) -> None:
        content = tiny("cdcgan")
        content["train"]["batch"] = 32
        content["data"] |= {"dataset": "folder", "path": str(pictures), "channels": 1}
        (self.folder / "params.yaml").write_text(json.dumps(content))

    def run(self, *command: str) -> str:
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def reruns(self) -> set[str]:
        """The stages whose commands `dvc repro` runs."""
        said = self.run("dvc", "repro")
        return {name for name in STAGES if f"Running stage '{name}'" in said}

    def digest(self) -> str:
        return Prepared.open(self.folder / "data" / "prepared" / "folder-32").digest


@pytest.mark.slow
def test_a_folder_reruns_what_its_pictures_make_stale(tmp_path: Path) -> None:
    """One project for all: each start of DVC takes seconds."""
    project = Project(tmp_path)
    assert project.reruns() == {"download", "preprocess"}
    before = project.digest()
    assert "always changed" in project.run("dvc", "status")
    pictures_that_change(project)
    assert project.digest() != before
    pictures_elsewhere(project)
    pictures_out_of_reach(project)
    an_edit_to_the_code(project)


def pictures_that_change(project: Project) -> None:
    assert project.reruns() == {"download"}
    project.draw("a/0.png", np.random.default_rng(9))
    assert project.reruns() == {"download", "preprocess"}


def pictures_elsewhere(project: Project) -> None:
    """The same ones rerun nothing."""
    moved = shutil.copytree(project.pictures, project.folder.parent / "elsewhere")
    project.point_at(moved)
    assert project.reruns() == {"download"}


def pictures_out_of_reach(project: Project) -> None:
    """It goes on with the copy."""
    shutil.rmtree(project.folder.parent / "elsewhere")
    said = project.run("dvc", "repro")
    assert "elsewhere is not there; going on with the copy in data/raw/folder" in said
    assert "Running stage 'preprocess'" not in said


def an_edit_to_the_code(project: Project) -> None:
    """The originals are kept."""
    project.point_at(project.pictures)
    module = project.folder / "pipeline" / "datasets" / "folder.py"
    module.write_text(module.read_text() + "\nraise RuntimeError\n")
    with pytest.raises(AssertionError, match="RuntimeError"):
        project.run("dvc", "repro")
    assert len(list((project.folder / "data" / "raw" / "folder").rglob("*.png"))) == 200


def test_no_stage_but_download_depends_on_where_the_pictures_lie() -> None:
    reads_path = {
        name for name, stage in STAGES.items() if {"data", "data.path"} & set(stage.get("params", []))
    }
    assert reads_path == {"download"}
