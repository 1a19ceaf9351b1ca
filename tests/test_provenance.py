"""The hash of the code follows what shapes a generator, and nothing else; so does the place of states."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline import provenance
from pipeline.data.prepared import Prepared
from pipeline.params import Params
from pipeline.places import prepared_dir
from pipeline.training.distributed import Ranks
from pipeline.training.run import _fingerprint
from tests.conftest import ROOT, tiny


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code in a folder of its own, to be edited."""
    folder = tmp_path_factory.mktemp("code")
    for name in ("pipeline", "stages"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def code_hash(folder: Path) -> str:
    code = "from pipeline.provenance import code_hash; print(code_hash('cdcgan'))"
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=True
    ).stdout.decode()


SHAPING = (
    "pipeline/systems/cdcgan.py",
    "pipeline/systems/__init__.py",
    "pipeline/data/prepared.py",
    "pipeline/training/device.py",
    "pipeline/training/fixed_inputs.py",
    "pipeline/training/run.py",
    "pipeline/penalties.py",
    "stages/train.py",
)
OTHERS = (
    "pipeline/systems/dcgan.py",
    "pipeline/inference/cli/infer.py",
    "pipeline/tracking.py",
    "stages/judge.py",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPING)
def test_the_hash_changes_with_what_shapes_the_weights(copy: Path, name: str) -> None:
    before, text = code_hash(copy), (copy / name).read_text()
    (copy / name).write_text(text + "\nEDITED = True\n")
    after = code_hash(copy)
    (copy / name).write_text(text)
    assert after != before


@pytest.mark.slow
def test_the_hash_stays_with_other_systems_and_what_does_not_train(copy: Path) -> None:
    before = code_hash(copy)
    for name in OTHERS:
        (copy / name).write_text((copy / name).read_text() + "\nEDITED = True\n")
    (copy / "pipeline/systems/newest.py").write_text('"""Another system."""\n')
    assert code_hash(copy) == before


def test_states_of_another_machine_or_version_lie_elsewhere(
    project: Callable[[dict[str, Any]], Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    params, ranks = project(tiny("cdcgan")), Ranks(torch.device("cpu"))
    data = Prepared.open(prepared_dir(params.data))
    here = _fingerprint(params, data, ranks)
    assert _fingerprint(params, data, ranks) == here
    with monkeypatch.context() as patch:
        patch.setattr(torch, "__version__", "9.9.9")
        upgraded = _fingerprint(params, data, ranks)
    with monkeypatch.context() as patch:
        patch.setattr(torch, "get_num_threads", lambda: 64)
        more_threads = _fingerprint(params, data, ranks)
    with monkeypatch.context() as patch:  # one that `auto` chooses nowhere
        patch.setattr("pipeline.training.run.choose_precision", lambda *_: torch.float16)
        coarser = _fingerprint(params, data, ranks)
    elsewhere = _fingerprint(params, data, Ranks(torch.device("cuda")))
    assert len({here, upgraded, more_threads, coarser, elsewhere}) == 5


def test_the_environment_is_the_same_twice_and_names_what_adds_up_numbers() -> None:
    seen = provenance.environment()
    assert seen == provenance.environment()
    assert {"python", "torch", "numpy", "onnxruntime", "threads", "accelerator", "vectors"} <= set(seen)
