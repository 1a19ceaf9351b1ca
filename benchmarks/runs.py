"""Training runs in folders of their own, from a preset and what is changed in it."""

import copy
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.params import Params, load

ROOT = Path(__file__).parents[1]
Changes = dict[str, Any]  # as nested as params.yaml


@contextmanager
def own_project(preset: str, *changes: Changes) -> Iterator[Params]:
    """Go into a temporary project with the parameters of presets/PRESET.yaml after `changes`, and back."""
    before, yaml = Path.cwd(), YAML(typ="safe")
    content = yaml.load(ROOT / "presets" / f"{preset}.yaml")
    for change in changes:
        _merge(content, copy.deepcopy(change))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Path("data").symlink_to(ROOT / "data")
            with Path("params.yaml").open("w") as file:
                yaml.dump(content, file)
            yield load()
        finally:
            os.chdir(before)


def _merge(content: Changes, changes: Changes) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(content.get(key), dict):
            _merge(content[key], value)
        else:
            content[key] = value
