"""The train stage: what it writes, that it rebuilds to the byte, resumes, refuses and warns."""

import csv
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image
from safetensors.torch import load_file

from pipeline import penalties
from pipeline.errors import RunError, UserError
from pipeline.params import ObjectiveParams, Params, PenaltyParams
from stages import export
from stages import train as stage
from tests.conftest import ROOT, tiny, without_search

Project = Callable[[dict[str, Any]], Params]
Trained = Callable[[str], Path]


def hashes(folder: Path) -> dict[str, str]:
    """Of all files in a folder and those within."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def hashes_of_training(params: Params) -> dict[str, str]:
    """The hashes of a training from the first step to the last that leaves no state to go on from."""
    stage.main(params)
    shutil.rmtree(".resume")
    return hashes(Path("models", params.name))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_weights_history_and_pictures(trained: Trained) -> None:
    output = trained("cdcgan") / "models/cdcgan"
    assert {path.name for path in output.iterdir()} == {
        "shipped",
        "others",
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


@pytest.mark.slow
def test_the_same_params_give_the_same_bytes(project: Project, trained: Trained) -> None:
    assert hashes_of_training(project(tiny("cdcgan"))) == hashes(trained("cdcgan") / "models/cdcgan")


@pytest.mark.slow
def test_another_seed_gives_another_model(project: Project, trained: Trained) -> None:
    first = hashes(trained("gan-mnist") / "models/gan-mnist")
    stage.main(project(tiny("gan-mnist") | {"seed": 1}))
    file = "shipped/generator.safetensors"
    assert hashes(Path("models/gan-mnist"))[file] != first[file]


GAMES = [(name, "none") for name in get_args(ObjectiveParams.model_fields["name"].annotation)]
GAMES += [("hinge", penalty) for penalty in get_args(PenaltyParams.model_fields["name"].annotation)[1:]]


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "penalty"), GAMES)
def test_every_objective_and_penalty_trains(project: Project, objective: str, penalty: str) -> None:
    content = tiny("cdcgan")
    content["data"]["size"] = 16
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


OF_ONE_SIZE = ("cdcgan-classic", "dcgan28-mnist")


def stabilised(name: str) -> dict[str, Any]:
    """A tiny preset with all stabilisers that its networks take."""
    content = tiny(name)
    if name not in OF_ONE_SIZE:
        content["data"]["size"] = 16
    content["objective"] |= {"name": "non-saturating", "weight_clip": None}
    content["objective"]["penalty"] = {"name": "none", "weight": 0.0, "every": 1}
    # discrimination compares each pair of a batch, so alone is slow enough
    content["stabilisers"] |= ALL | {"virtual_batch_norm": name != "gan-mnist", "minibatch": "deviation"}
    return content


SYSTEMS = ["gan-mnist", "cgan-mnist", "dcgan-mnist", "dcgan28-mnist", "cdcgan-classic", "cdcgan"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_all_stabilisers_together_train_and_export(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    without_search(monkeypatch)
    params = project(stabilised(name))
    stage.main(params)
    assert all(math.isfinite(float(row["logit_gap"])) for row in rows(Path("models", name)))
    export.main(params)  # refuses where the file and the networks differ


@pytest.fixture(scope="module")
def without_stabilisers() -> dict[str, str]:
    """The hashes of a run with none of them, once it was made."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize(("key", "value"), [*ALL.items(), ("virtual_batch_norm", True)])
def test_each_stabiliser_alone_changes_the_run(
    project: Project, without_stabilisers: dict[str, str], key: str, value: Any
) -> None:
    content = stabilised("cgan-mnist")
    content["stabilisers"] = tiny("cgan-mnist")["stabilisers"]
    if not without_stabilisers:
        stage.main(project(content))
        without_stabilisers |= hashes(Path("models/cgan-mnist"))
    content["stabilisers"] |= {key: value}
    stage.main(project(content))
    after = hashes(Path("models/cgan-mnist"))
    for name in ("shipped/generator.safetensors", "others/discriminator.safetensors"):
        assert without_stabilisers[name] != after[name]


def test_clipping_bounds_every_weight_of_the_critic(project: Project) -> None:
    content = tiny("cgan-mnist")
    content["objective"] |= {"name": "wasserstein", "label_smoothing": 0.0, "weight_clip": 0.01}
    stage.main(project(content))
    weights = load_file("models/cgan-mnist/others/discriminator.safetensors")
    assert max(float(weight.abs().max()) for weight in weights.values()) == pytest.approx(0.01)


def test_a_lazy_penalty_is_paid_at_every_nth_step(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    content = tiny("cgan-mnist")
    content["objective"]["penalty"] = {"name": "r1", "weight": 1.0, "every": 3}
    paid = []
    r1 = penalties.r1
    monkeypatch.setattr(penalties, "r1", lambda *game: paid.append(1) or r1(*game))
    stage.main(project(content))
    steps = int(rows(Path("models/cgan-mnist"))[-1]["step"])
    assert len(paid) == math.ceil(steps / 3)


def test_a_failed_run_leaves_the_old_model(project: Project, trained: Trained) -> None:
    shutil.copytree(trained("cdcgan") / "models", "models")
    before = hashes(Path("models/cdcgan"))
    content = tiny("cdcgan")
    content["train"]["players"]["generator"]["lr"] = 1e30
    with pytest.raises(RunError, match=r"diverged before step \d+.*lower the lr of all train\.players"):
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


def test_a_system_needs_its_fields(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    params = project(tiny("cdcgan"))
    monkeypatch.setattr(type(params.model), "needs", {"images": "image", "masks": "mask"})
    with pytest.raises(
        UserError, match=r"cdcgan needs the field masks \(mask\), and digits has images, labels"
    ):
        stage.main(params)


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
    about["fields"]["labels"]["about"]["classes"] = []
    (link / "dataset.json").write_text(json.dumps(about))
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
    assert Path("models/gan-mnist/shipped/generator.safetensors").exists()


def test_too_few_images_for_one_step_are_refused(project: Project) -> None:
    content = tiny("cdcgan")
    content["train"] |= {"batch": 1000, "d_steps": 5}  # one batch an epoch, one epoch
    with pytest.raises(UserError, match=r"not one step of 5 .*nothing would be trained; raise train"):
        stage.main(project(content))
    assert not Path("models").exists()


@pytest.mark.slow
def test_a_run_too_short_to_learn_says_so_and_does_not_collapse(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    content = tiny("cdcgan")
    content["train"] |= {"pictures": 5, "epochs": 2}
    content["train"]["players"]["generator"]["lr"] = 1e-9  # it stays untrained: all samples alike
    stage.main(project(content))
    said = capsys.readouterr().err
    assert "warning: 10 steps are too few to learn from; with train.epochs: 41 they are more than 200" in said
    assert "collapsed" not in said
