"""The train stage: what it writes, that it rebuilds to the byte, resumes, refuses and warns."""

import csv
import hashlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image
from safetensors.torch import load_file

from pipeline.errors import RunError, UserError
from pipeline.models.base import GAN
from pipeline.params import ObjectiveParams, Params, PenaltyParams
from pipeline.training import run as training_run
from pipeline.training.loop import Loop
from pipeline.training.state import previous
from stages import export
from stages import train as stage
from tests.conftest import ROOT, tiny

Project = Callable[[dict[str, Any]], Params]


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_weights_history_and_pictures(project: Project) -> None:
    stage.main(project(tiny("cdcgan")))
    output = Path("models/cdcgan")
    assert {path.name for path in output.iterdir()} == {
        "generator.safetensors",
        "discriminator.safetensors",
        "history.csv",
        "curves.png",
        "progress.gif",
        "samples.png",
        "real-beside-fake.png",
    }
    history = rows(output)
    assert [int(row["step"]) for row in history] == sorted({int(row["step"]) for row in history})
    assert all(0 < float(row["d_real"]) < 1 for row in history)
    with Image.open(output / "progress.gif") as animation:
        assert animation.n_frames == 3  # before the first step, and two pictures on the way
    assert not list(Path(".resume").glob("cdcgan-*/state.pt"))


@pytest.mark.slow
def test_the_same_params_give_the_same_bytes(project: Project) -> None:
    params = project(tiny("cdcgan"))
    stage.main(params)
    first = hashes(Path("models/cdcgan"))
    stage.main(params)
    assert hashes(Path("models/cdcgan")) == first


def test_another_seed_gives_another_model(project: Project) -> None:
    stage.main(project(tiny("gan-mnist")))
    first = hashes(Path("models/gan-mnist"))
    stage.main(project(tiny("gan-mnist") | {"seed": 1}))
    assert hashes(Path("models/gan-mnist"))["generator.safetensors"] != first["generator.safetensors"]


GAMES = [(name, "none") for name in get_args(ObjectiveParams.model_fields["name"].annotation)]
GAMES += [("hinge", penalty) for penalty in get_args(PenaltyParams.model_fields["name"].annotation)[1:]]


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "penalty"), GAMES)
def test_every_objective_and_penalty_trains(project: Project, objective: str, penalty: str) -> None:
    content = tiny("cdcgan")
    weight = {"name": penalty, "weight": 0.0 if penalty == "none" else 2.0, "every": 2}
    content["objective"] |= {"name": objective, "label_smoothing": 0.0, "penalty": weight}
    stage.main(project(content))
    history = rows(Path("models") / content["name"])
    assert all(math.isfinite(float(row[key])) for row in history for key in ("d_loss", "g_loss"))
    assert 0 < float(history[-1]["d_fake"]) < 1


ALL = {
    "spectral_norm": True,
    "instance_noise": 0.1,
    "augmentation": ["colour", "translation", "cutout"],
    "minibatch": "discrimination",
    "feature_matching": 0.1,
    "historical_averaging": 0.1,
    "unrolled_steps": 2,
}


def stabilised(name: str) -> dict[str, Any]:
    """A tiny preset with all stabilisers that its networks take."""
    content = tiny(name)
    content["objective"] |= {"name": "non-saturating", "weight_clip": None}
    content["objective"]["penalty"] = {"name": "none", "weight": 0.0, "every": 1}
    content["stabilisers"] |= ALL | {"virtual_batch_norm": name != "gan-mnist"}
    content["train"]["batch"] = 120
    return content


SYSTEMS = ["gan-mnist", "cgan-mnist", "dcgan-mnist", "dcgan28-mnist", "cdcgan-classic", "cdcgan"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_all_stabilisers_together_train_and_export(project: Project, name: str) -> None:
    params = project(stabilised(name))
    stage.main(params)
    assert all(math.isfinite(float(row["logit_gap"])) for row in rows(Path("models", name)))
    export.main(params)  # refuses where the file and the networks differ


@pytest.mark.slow
@pytest.mark.parametrize(("key", "value"), [*ALL.items(), ("virtual_batch_norm", True)])
def test_each_stabiliser_alone_changes_the_run(project: Project, key: str, value: Any) -> None:
    content = stabilised("cgan-mnist")
    content["stabilisers"] = tiny("cgan-mnist")["stabilisers"]
    stage.main(project(content))
    before = hashes(Path("models/cgan-mnist"))
    content["stabilisers"] |= {key: value}
    stage.main(project(content))
    after = hashes(Path("models/cgan-mnist"))
    assert before["generator.safetensors"] != after["generator.safetensors"]
    assert before["discriminator.safetensors"] != after["discriminator.safetensors"]


def test_clipping_bounds_every_weight_of_the_critic(project: Project) -> None:
    content = tiny("cgan-mnist")
    content["objective"] |= {"name": "wasserstein", "label_smoothing": 0.0, "weight_clip": 0.01}
    stage.main(project(content))
    weights = load_file("models/cgan-mnist/discriminator.safetensors")
    assert max(float(weight.abs().max()) for weight in weights.values()) == pytest.approx(0.01)


def test_a_lazy_penalty_is_paid_at_every_nth_step(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    content = tiny("cgan-mnist")
    content["objective"]["penalty"] = {"name": "r1", "weight": 1.0, "every": 3}
    paid = []
    penalty = GAN.penalty
    monkeypatch.setattr(GAN, "penalty", lambda *game: paid.append(1) or penalty(*game))
    stage.main(project(content))
    steps = int(rows(Path("models/cgan-mnist"))[-1]["step"])
    assert len(paid) == math.ceil(steps / 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cdcgan", "dcgan28-mnist"])  # with an averaged generator; with dropout
@pytest.mark.parametrize("make", [tiny, stabilised])
def test_a_stopped_run_goes_on_and_ends_in_the_same_bytes(
    project: Project, monkeypatch: pytest.MonkeyPatch, make: Callable[[str], dict[str, Any]], name: str
) -> None:
    content = make(name)
    content["train"] |= {"epochs": 2, "checkpoints": 3}
    params = project(content)
    stage.main(params)
    undisturbed = hashes(Path("models", name))

    step = Loop.step

    def stopping(loop: Loop) -> None:
        if loop.state.step == loop.steps - 2:
            raise KeyboardInterrupt
        step(loop)

    monkeypatch.setattr(Loop, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        stage.main(params)
    monkeypatch.setattr(Loop, "step", step)
    stage.main(params)
    assert hashes(Path("models", name)) == undisturbed


@pytest.mark.slow
def test_a_killed_process_goes_on_and_ends_in_the_same_bytes(project: Project) -> None:
    content = tiny("cdcgan")
    content["train"] |= {"epochs": 6, "checkpoints": 30}
    params = project(content)
    stage.main(params)
    undisturbed = hashes(Path("models/cdcgan"))
    command = [sys.executable, "-m", "stages.train"]
    # the threads of this process and the child's must be as many: their number is part of the machine
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while not list(Path(".resume").glob("cdcgan-*/state-previous.pt")):
        assert process.poll() is None, "the run ended before its first checkpoint"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    going_on = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "going on from step" in going_on.stderr
    assert hashes(Path("models/cdcgan")) == undisturbed


def saved_at_the_end_alone() -> dict[str, Any]:
    """A run of some seconds, 60 steps, without a checkpoint on the way."""
    content = tiny("cdcgan")
    content["train"] |= {"epochs": 12, "checkpoints": 1, "pictures": 1, "log_every": 50}
    return content


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_at_once_and_the_run_goes_on_to_the_same_bytes(project: Project, number: int) -> None:
    params = project(saved_at_the_end_alone())
    stage.main(params)
    undisturbed = hashes(Path("models/cdcgan"))
    command, environment = [sys.executable, "-m", "stages.train"], os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert "training cdcgan" in process.stderr.readline()
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate()
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert re.search(r"stopped at step \d+ of 60 and saved; the same command goes on there", said)
    going_on = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "going on from step" in going_on.stderr
    assert hashes(Path("models/cdcgan")) == undisturbed


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of a parent's death there alone")
def test_a_trainer_whose_parent_was_killed_saves_and_the_run_goes_on_to_the_same_bytes(
    project: Project,
) -> None:
    params = project(saved_at_the_end_alone())
    stage.main(params)
    undisturbed = hashes(Path("models/cdcgan"))
    command, environment = [sys.executable, "-m", "stages.train"], os.environ | {"PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run({command})"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "training cdcgan" in parent.stderr.readline()
    time.sleep(0.5)
    parent.send_signal(signal.SIGKILL)
    said = parent.stderr.read()  # to the end: until the trainer, too, is gone
    assert parent.wait() == -signal.SIGKILL
    assert re.search(r"stopped at step \d+ of 60 and saved", said)
    going_on = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "going on from step" in going_on.stderr
    assert hashes(Path("models/cdcgan")) == undisturbed


def stopped_before_the_end(params: Params, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Train to the last checkpoint, and leave the saved state."""
    with monkeypatch.context() as patch:
        patch.setattr(training_run.Run, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            stage.main(params)
    return next(Path(".resume").glob("cdcgan-*/state.pt"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage", [lambda data: data[:1000], lambda data: data[:-500] + bytes(500), lambda data: b""]
)
def test_a_damaged_state_is_named_and_the_one_before_it_used(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[bytes], bytes],
) -> None:
    params = project(tiny("cdcgan"))
    stage.main(params)
    undisturbed = hashes(Path("models/cdcgan"))
    saved = stopped_before_the_end(params, monkeypatch)
    saved.write_bytes(damage(saved.read_bytes()))
    capsys.readouterr()
    stage.main(params)
    said = capsys.readouterr().err
    assert f"warning: {saved} is damaged; the state before it is used" in said
    assert "going on from step" in said
    assert hashes(Path("models/cdcgan")) == undisturbed


def test_other_parameters_never_go_on_from_a_saved_state(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = stopped_before_the_end(project(tiny("cdcgan")), monkeypatch)
    content = tiny("cdcgan")
    content["train"]["generator"]["lr"] *= 2
    params = project(content)
    stage.main(params)
    assert "going on from step" not in capsys.readouterr().err
    beside_a_state = hashes(Path("models/cdcgan"))
    shutil.rmtree(saved.parent)
    stage.main(params)
    assert hashes(Path("models/cdcgan")) == beside_a_state


def test_two_damaged_states_are_an_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    params = project(tiny("cdcgan"))
    saved = stopped_before_the_end(params, monkeypatch)
    for path in (saved, previous(saved)):
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RunError, match=r"state\.pt and .*state-previous\.pt: damaged"):
        stage.main(params)


def test_a_second_trainer_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    params = project(tiny("cdcgan"))
    step = Loop.step

    def with_company(loop: Loop) -> None:
        with pytest.raises(UserError, match="another process is training this very run"):
            stage.main(params)
        monkeypatch.setattr(Loop, "step", step)
        step(loop)

    monkeypatch.setattr(Loop, "step", with_company)
    stage.main(params)
    assert Path("models/cdcgan/generator.safetensors").exists()


def test_a_failed_run_leaves_the_old_model(project: Project) -> None:
    stage.main(project(tiny("cdcgan")))
    before = hashes(Path("models/cdcgan"))
    content = tiny("cdcgan")
    content["train"]["generator"]["lr"] = 1e30
    with pytest.raises(RunError, match=r"diverged before step \d+.*lower train\.generator\.lr"):
        stage.main(project(content))
    assert hashes(Path("models/cdcgan")) == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("train", "batch", 5000), "train.batch: 5000 is more than the 1438 training images"),
        (("train", "device", "cuda"), "train.device: cuda is not available here"),
    ],
)
def test_what_can_not_be_trained_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str, Any], told: str
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    content = tiny("cdcgan")
    content[change[0]][change[1]] = change[2]
    with pytest.raises(UserError, match=told):
        stage.main(project(content))


def test_a_conditional_system_needs_labels(project: Project) -> None:
    params = project(tiny("cdcgan"))
    link = Path("data/prepared/digits-32")
    target = link.resolve()
    link.unlink()
    link.mkdir()
    for file in target.iterdir():
        (link / file.name).symlink_to(file)
    about = json.loads((link / "dataset.json").read_text())
    (link / "dataset.json").unlink()
    (link / "dataset.json").write_text(json.dumps(about | {"classes": []}))
    with pytest.raises(UserError, match="cdcgan needs labels, and digits has none"):
        stage.main(params)


@pytest.mark.slow
def test_the_stage_ends_with_one_line_and_a_code(project: Project) -> None:
    content = tiny("cdcgan")
    project(content)
    Path("params.yaml").write_text(json.dumps(content | {"seeed": 1}))
    done = subprocess.run(
        [sys.executable, "-m", "stages.train"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "error: params.yaml: seeed: unknown 'seeed'; did you mean 'seed'?\n"


def test_training_needs_neither_mlflow_nor_dvc(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    for module in ("mlflow", "dvc"):
        monkeypatch.setitem(sys.modules, module, None)
    content = tiny("gan-mnist")
    content["tracking"]["enabled"] = True
    stage.main(project(content))
    assert capfd.readouterr().err.count("without tracking: mlflow is not installed") == 1
    assert Path("models/gan-mnist/generator.safetensors").exists()
