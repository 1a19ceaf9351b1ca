"""Training in several processes: real ones, started by torchrun, that meet over gloo on the CPU."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pipeline.errors import UserError
from pipeline.params import Params
from pipeline.training.distributed import Ranks, running_statistics
from stages import train as stage
from tests.building import batches_of, build
from tests.conftest import ROOT, tiny
from tests.training.test_train_stage import hashes, rows

Project = Callable[[dict[str, Any]], Params]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
STAGE = ["-m", "stages.train"]
FIGURES = ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")


@pytest.fixture
def environment() -> dict[str, str]:
    """For processes that find the code and share the cores."""
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
def test_the_first_losses_are_those_of_one_process(project: Project, environment: dict[str, str]) -> None:
    """Of a preset in which no image depends on the others of a batch, and only batches and z are drawn."""
    content = tiny("cdcgan")
    content["data"]["size"] = 16
    content["train"] |= {"precision": "fp32", "log_every": 1}
    content["model"]["mismatched"] = 0.0
    content["stabilisers"] |= {"virtual_batch_norm": True, "spectral_norm": True}
    content["objective"]["penalty"] |= {"name": "r1", "weight": 2.0, "every": 2}
    stage.main(project(content))
    alone = rows(Path("models/cdcgan"))
    content["train"]["processes"] = 2
    project(content)
    command = [*TORCHRUN, "2", *STAGE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("training cdcgan for 5 steps on cpu in float32 with 2 processes") == 1
    together = rows(Path("models/cdcgan"))
    assert len(together) == len(alone) == 5
    for row, other in zip(alone, together, strict=True):
        for figure in FIGURES:
            assert float(row[figure]) == pytest.approx(float(other[figure]), abs=2e-5), (row["step"], figure)


def workers(process: subprocess.Popen[str]) -> list[int]:
    """The process ids of the ranks that `process` started, in order."""
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def interrupted(environment: dict[str, str], number: int, *, all_at_once: bool = False) -> tuple[int, str]:
    """Train until the first picture, send rank 1 a signal; the exit code of all, and what was said since.

    To all, as Slurm does, it goes to the ranks and to what started them, which passes it on once more.
    """
    command = [sys.executable, *STAGE]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    lines: Iterator[str] = iter(process.stderr.readline, "")
    assert any(line.startswith("step ") for line in lines)
    ranks = workers(process)
    for pid in [*ranks, process.pid] if all_at_once else ranks[1:2]:
        os.kill(pid, number)
    said = process.communicate()[1]
    return process.returncode, said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the ranks in /proc")
def test_one_rank_stopped_and_one_killed_the_job_ends_in_the_same_bytes(
    project: Project, environment: dict[str, str]
) -> None:
    content = tiny("cgan-mnist")  # with batch norm and dropout
    content["data"]["size"] = 16
    content["train"] |= {
        "epochs": 8,
        "processes": 2,
        "pictures": 4,
        "checkpoints": 20,
        "ema_half_life": 0.1,
    }
    project(content)
    subprocess.run([sys.executable, *STAGE], env=environment, capture_output=True, check=True)
    undisturbed = hashes(Path("models/cgan-mnist"))
    shutil.rmtree(".resume")

    code, said = interrupted(environment, signal.SIGTERM, all_at_once=True)
    assert code == 130
    assert said.count("error:") == said.count("and saved; the same command goes on there") == 1
    code, said = interrupted(environment, signal.SIGKILL)
    assert code == 128 + signal.SIGKILL
    assert "error: rank 0: another process of this run is gone" in said

    command = [*TORCHRUN, "2", *STAGE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr.count("going on from step") == 1
    assert hashes(Path("models/cgan-mnist")) == undisturbed


@given(size=st.integers(1, 6), each=st.integers(1, 4), index=st.integers(0, 9))
def test_the_shares_of_all_ranks_are_the_batch(size: int, each: int, index: int) -> None:
    images, labels, cpu = np.zeros((60, 1, 2, 2), np.uint8), np.arange(60), torch.device("cpu")
    batch = size * each
    whole = batches_of(images, labels, batch, 0, cpu)[index]["labels"]
    shares = [Ranks(cpu, rank, size).share(batch) for rank in range(size)]
    parts = [batches_of(images, labels, batch, 0, cpu, share)[index]["labels"] for share in shares]
    assert torch.equal(torch.cat(parts), whole)


def test_a_batch_that_can_not_be_shared_is_refused(project: Project) -> None:
    content = tiny("cdcgan")
    content["train"]["processes"] = 7
    with pytest.raises(UserError, match=r"`batch` must be a multiple of `processes`: 240 images .* by 7"):
        project(content)


def test_another_number_of_processes_than_asked_for_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(UserError, match=r"train\.processes: 1 in params\.yaml, but 3 started"):
        stage.main(project(tiny("cdcgan")))


@pytest.mark.parametrize("name", ["cgan-mnist", "dcgan28-mnist", "silhouettes"])
def test_what_batch_norms_of_any_number_of_axes_measure_is_averaged(project: Project, name: str) -> None:
    model = build(project(tiny(name)))
    measured = [value for key, value in model.named_buffers() if "running" in key]
    found = running_statistics(model)
    assert {id(value) for value in measured} == {id(value) for value in found}
    assert found


def test_joined_batch_norms_keep_weights_and_names(project: Project) -> None:
    model = build(project(tiny("cdcgan-classic")), 1, 10)
    parameters, state = list(model.parameters()), model.state_dict()
    Ranks(torch.device("cuda"), 0, 2).join_batch_norms(model)
    assert not [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert all(one is other for one, other in zip(parameters, model.parameters(), strict=True))
    assert list(model.state_dict()) == list(state)
