"""Everything that can be switched on also trains in bfloat16."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from pipeline.params import Params, StabiliserParams
from stages import train as stage
from tests.conftest import tiny
from tests.training.test_train_stage import ALL, GAMES, rows

Project = Callable[[dict[str, Any]], Params]
STABILISERS = ALL | {"virtual_batch_norm": True}
MINIBATCH = get_args(StabiliserParams.model_fields["minibatch"].annotation)
# objectives see logits, which are float32 in either precision: a penalty each will do
PENALISED = [game for game in GAMES if game[1] != "none"]


def in_bf16(objective: str, penalty: str = "none", **stabilisers: Any) -> dict[str, Any]:
    content = tiny("cdcgan")
    content["data"]["size"] = 16
    weight = {"name": penalty, "weight": 0.0 if penalty == "none" else 2.0, "every": 2}
    content["objective"] |= {"name": objective, "label_smoothing": 0.0, "penalty": weight}
    content["stabilisers"] |= stabilisers
    content["train"] |= {"precision": "bf16"}
    return content


def trains(project: Project, content: dict[str, Any]) -> None:
    stage.main(project(content))
    history = rows(Path("models") / content["name"])
    assert all(math.isfinite(float(row[key])) for row in history for key in ("d_loss", "g_loss"))


@pytest.mark.parametrize("penalty", ["r2", "r1-r2"])  # which look at the generator's own images
def test_penalties_on_generated_images_train_in_bf16(project: Project, penalty: str) -> None:
    trains(project, in_bf16("relativistic", penalty))


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "penalty"), PENALISED)
def test_every_penalty_trains_in_bf16(project: Project, objective: str, penalty: str) -> None:
    trains(project, in_bf16(objective, penalty))


@pytest.mark.slow
@pytest.mark.parametrize("minibatch", MINIBATCH)
def test_all_stabilisers_together_train_in_bf16(project: Project, minibatch: str) -> None:
    content = in_bf16("non-saturating", **STABILISERS | {"minibatch": minibatch})
    if minibatch == "discrimination":
        content["train"]["batch"] = 60  # it costs the square of it
    trains(project, content)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["relativistic-mnist", "wgan-gp-mnist"])
def test_a_preset_trains_in_bf16(project: Project, preset: str) -> None:
    content = tiny(preset)
    content["train"] |= {"precision": "bf16"}
    trains(project, content)
