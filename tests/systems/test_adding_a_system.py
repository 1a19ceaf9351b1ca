"""The page on adding a system: its code trains, exports and draws."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.inference import Generator
from tests.conftest import ROOT, tiny

PAGE = (ROOT / "docs" / "adding-a-system.md").read_text()
STAGES = ("software", "download", "preprocess", "train", "export")
IN_ONE_PROCESS = f"""
import runpy
for stage in {STAGES}:
    runpy.run_module("stages." + stage, run_name="__main__")
"""


def blocks(language: str) -> list[str]:
    """The page's code in one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
def test_the_system_on_the_page_trains_and_draws(tmp_path: Path) -> None:
    for name in ("pipeline", "stages"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pipeline/systems/imle.py").write_text("\n\n".join(blocks("python")))
    content, said = tiny("vae-mnist"), YAML(typ="safe").load(blocks("yaml")[0])
    content |= {"name": "imle", "model": said["model"]}
    content["data"]["size"] = 8
    content["train"] |= said["train"] | {"epochs": 20}
    (tmp_path / "params.yaml").write_text(json.dumps(content))
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "GAN_TRACEBACK": "1"}
    command = [sys.executable, "-c", IN_ONE_PROCESS]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    losses = [
        float(line.split(",")[3]) for line in (tmp_path / "models/imle/history.csv").read_text().split()[1:]
    ]
    assert losses[-1] < 0.7 * losses[0]  # it learns
    generator = Generator(tmp_path / "exported/imle.onnx", device="cpu")
    assert generator.sample(None, range(3)).shape == (3, 8, 8, 1)


def test_the_system_on_the_page_is_of_forty_lines() -> None:
    system = blocks("python")[1].splitlines()
    assert len([line for line in system if line.strip()]) <= 40
