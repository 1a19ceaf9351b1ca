"""A run that diverges: it stops with the evidence, or rolls back and goes on with lower rates."""

import json
import math
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.errors import RunError, Stopped
from pipeline.params import Params
from pipeline.schedule import learning_rate
from pipeline.training.loop import Loop
from stages import train as stage
from tests.conftest import tiny
from tests.training.test_train_stage import hashes, rows

Project = Callable[[dict[str, Any]], Params]
STEPS, CHECKPOINT, BAD = 10, 5, 7  # of the runs here: how long, when saved, which step goes wrong


def content(on_divergence: str) -> dict[str, Any]:
    """Two epochs of five steps, a row at every step."""
    content = tiny("cdcgan")
    content["train"] |= {"epochs": 2, "log_every": 1, "on_divergence": on_divergence}
    return content


def poisoned(monkeypatch: pytest.MonkeyPatch, bad: int, below: float) -> None:
    """Make a weight no number after step `bad` while the rates are scaled by more than `below`."""
    step = Loop.step

    def poisoning(loop: Loop) -> None:
        step(loop)
        if loop.state.step == bad and loop.state.rate_scale > below:
            with torch.no_grad():
                next(loop.state.model.generator.parameters()).fill_(math.nan)

    monkeypatch.setattr(Loop, "step", poisoning)


def rolled_back(project: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[Params, dict[str, str]]:
    """A run that diverges, rolls back and comes to its end: its parameters, and what it leaves."""
    params = project(content("roll-back"))
    poisoned(monkeypatch, BAD, below=0.5)
    stage.main(params)
    undisturbed = hashes(Path("models/cdcgan"))
    shutil.rmtree(".resume")
    return params, undisturbed


def test_it_stops_and_says_where_the_evidence_is(project: Project) -> None:
    diverging = content("stop")
    diverging["train"]["players"]["generator"]["lr"] = 1e30
    with pytest.raises(
        RunError, match=r"diverged before step \d+.*see history\.csv and pictures/ in "
    ) as told:
        stage.main(project(diverging))
    folder = Path(str(told.value).rpartition(" in ")[2])
    assert (folder / "history.csv").read_text().count("\n") >= 2
    assert list((folder / "pictures").glob("*.png"))
    assert not Path("models/cdcgan").exists()


@pytest.mark.slow
def test_it_rolls_back_halves_the_rates_and_says_so(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    poisoned(monkeypatch, BAD, below=0.5)
    params = project(content("roll-back"))
    stage.main(params)
    assert f"going on from step {CHECKPOINT} with the learning rates times 0.5" in capsys.readouterr().err
    (rollback,) = json.loads(Path("models/cdcgan/rollbacks.json").read_text())
    assert rollback["at_step"] == BAD + 1  # the first step whose losses show it
    assert rollback["back_to_step"] == CHECKPOINT
    assert rollback["rate_scale"] == 0.5
    assert rollback["reason"].startswith(f"training diverged before step {BAD + 1}")
    history = rows(Path("models/cdcgan"))
    assert [int(row["step"]) for row in history] == list(range(1, STEPS + 1))
    plan, start = params.train.schedule, params.train.players["generator"].lr
    planned = [learning_rate(plan, start, step, STEPS) for step in range(STEPS)]
    scales = [float(row["lr_generator"]) / rate for row, rate in zip(history, planned, strict=True)]
    assert scales == pytest.approx([1.0] * CHECKPOINT + [0.5] * (STEPS - CHECKPOINT))


@pytest.mark.slow
def test_without_a_checkpoint_it_rolls_back_to_the_start(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch, CHECKPOINT - 2, below=0.5)
    stage.main(project(content("roll-back")))
    (rollback,) = json.loads(Path("models/cdcgan/rollbacks.json").read_text())
    assert rollback["back_to_step"] == 0


@pytest.mark.parametrize("bad", [CHECKPOINT, STEPS])  # the last step's state is the one that ships
def test_what_is_no_number_is_neither_saved_nor_shipped(
    project: Project, monkeypatch: pytest.MonkeyPatch, bad: int
) -> None:
    poisoned(monkeypatch, bad, below=0)
    with pytest.raises(RunError, match=f"diverged before step {bad}: a weight is no number any more"):
        stage.main(project(content("stop")))
    assert not Path("models/cdcgan").exists()


@pytest.mark.slow
def test_the_fourth_divergence_ends_the_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    poisoned(monkeypatch, BAD, below=0)
    scales = []
    load = torch.load
    monkeypatch.setattr("torch.load", lambda *args, **kwargs: scales.append(1) or load(*args, **kwargs))
    with pytest.raises(RunError, match=f"diverged before step {BAD + 1}"):
        stage.main(project(content("roll-back")))
    assert len(scales) == 3


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [CHECKPOINT + 1, STEPS - 1])  # before and after the next checkpoint
def test_a_run_that_rolled_back_and_was_killed_ends_in_the_same_bytes(
    project: Project, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    params, undisturbed = rolled_back(project, monkeypatch)
    step = Loop.step

    def killed(loop: Loop) -> None:
        if loop.state.step == killed_at and loop.state.rate_scale < 1:
            raise KeyboardInterrupt
        step(loop)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "step", killed)
        with pytest.raises(KeyboardInterrupt):
            stage.main(params)
    stage.main(params)
    assert hashes(Path("models/cdcgan")) == undisturbed


@pytest.mark.slow
def test_a_stop_does_not_change_where_it_rolls_back_to(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    params, undisturbed = rolled_back(project, monkeypatch)
    step = Loop.step
    stops = [CHECKPOINT + 1, BAD]  # the second time the weights are no numbers any more

    def stopped(loop: Loop) -> None:
        step(loop)
        if stops and loop.state.step == stops[0]:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Loop, "step", stopped)
    while stops:
        with pytest.raises(Stopped, match=f"stopped at step {stops[0]} of {STEPS} and saved"):
            stage.main(params)
        stops.pop(0)
    stage.main(params)
    assert hashes(Path("models/cdcgan")) == undisturbed
