"""download and preprocess as a person runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.data.prepared import Prepared

ROOT = Path(__file__).parents[2]


def stage(name: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key != "GAN_DATA_MIRROR"}
    return subprocess.run(
        [sys.executable, "-m", f"stages.{name}"],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )


def write_params(folder: Path, **data: object) -> None:
    yaml = YAML(typ="safe")
    params = yaml.load(ROOT / "presets" / "quickstart.yaml")
    params["data"] |= data
    yaml.dump(params, folder / "params.yaml")


@pytest.mark.slow
def test_digits_all_the_way(tmp_path):
    write_params(tmp_path)
    for name in ("download", "preprocess"):
        done = stage(name, tmp_path)
        assert done.returncode == 0, done.stderr
        assert ("10 classes: 0 1" in done.stdout) == (name == "preprocess")
    size = YAML(typ="safe").load(tmp_path / "params.yaml")["data"]["size"]
    prepared = Prepared.open(tmp_path / "data" / "prepared" / f"digits-{size}")
    assert sum(len(prepared.images(part)) for part in ("train", "aside", "test")) == 1797


@pytest.mark.slow
def test_a_mirror_that_is_not_there_is_told_in_one_line(tmp_path):
    write_params(tmp_path, dataset="mnist", test_fraction=None)
    done = stage("download", tmp_path, GAN_DATA_MIRROR="nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: GAN_DATA_MIRROR: there is no folder nowhere\n"
    assert not (tmp_path / "data").exists()
