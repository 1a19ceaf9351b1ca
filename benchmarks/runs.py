"""Training runs in folders of their own, with the code here or of another revision, and how they went."""

import copy
import csv
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline import objectives
from pipeline.loading import load
from pipeline.params import Params
from pipeline.training.monitor import DivergenceError, Monitor

ROOT = Path(__file__).parents[1]
Changes = dict[str, Any]  # as nested as params.yaml


class Instead(dict):
    """Among changes: a section that takes the place of the one there, of which no key is kept."""


@contextmanager
def own_project(preset: str, *changes: Changes) -> Iterator[Params]:
    """Go into a temporary project with the parameters of presets/PRESET.yaml after `changes`, and back."""
    before, yaml = Path.cwd(), YAML(typ="safe")
    content = yaml.load(ROOT / "presets" / f"{preset}.yaml")
    for change in changes:
        merge(content, copy.deepcopy(change))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Path("data").symlink_to(ROOT / "data")
            with Path("params.yaml").open("w") as file:
                yaml.dump(content, file)
            yield load()
        finally:
            os.chdir(before)


@contextmanager
def worktree(revision: str) -> Iterator[Path]:
    """The files of another revision of this repository, in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name, "revision")
        git = ["git", "-C", ROOT, "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", tree, revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", tree], check=True)


def rows_of(history: Path) -> list[dict[str, Any]]:
    """The rows of a history.csv as the monitor reads them; blanks are left out."""
    with history.open() as file:
        rows = [{key: float(value) for key, value in row.items() if value} for row in csv.DictReader(file)]
    return [row | {"step": int(row["step"])} for row in rows]


def told(params: Params, rows: list[dict[str, Any]]) -> list[str]:
    """What the monitor said of a run."""
    monitor, said = Monitor(scale=objectives.build(params.objective).scale), []
    for row in rows:
        try:
            said += monitor.check(row)
        except DivergenceError as error:
            said.append(str(error))
    return said


def merge(content: Changes, changes: Changes) -> None:
    """Put `changes` into `content`, key by key."""
    for key, value in changes.items():
        if isinstance(value, Instead):
            content[key] = dict(value)
        elif isinstance(value, dict) and isinstance(content.get(key), dict):
            merge(content[key], value)
        else:
            content[key] = value
