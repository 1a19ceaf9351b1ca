"""3D-GAN: the published widths, and a discriminator that rests while it is too far ahead."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pipeline.errors import UserError
from pipeline.params import Params
from pipeline.training.state import TrainingState
from pipeline.turn import Turn
from tests.building import CPU, build, fields_for
from tests.conftest import tiny, write_params


def test_widths_are_the_published_ones(tmp_path: Path) -> None:
    """Wu et al. 2016, section 3.1: 512, 256, 128, 64, 1 from 1^3 to 64^3, and the mirror of it."""
    content = tiny("voxels")
    content["data"]["size"] = 64
    content["model"] |= {"width": 64, "discriminator_norm": "batch"}
    content["objective"]["penalty"] = {"name": "none", "weight": 0, "every": 1}
    model = build(write_params(content, tmp_path))
    up = [layer for layer in model.generator.modules() if isinstance(layer, nn.ConvTranspose3d)]
    down = [layer for layer in model.discriminator.modules() if isinstance(layer, nn.Conv3d)]
    assert [layer.in_channels for layer in up] == [512, 256, 128, 64]
    assert [layer.out_channels for layer in down] == [64, 128, 256, 512, 1]
    assert sum(isinstance(layer, nn.BatchNorm3d) for layer in model.discriminator.modules()) == 3


def steps(params: Params, above: float) -> tuple[dict[str, torch.Tensor], dict[str, Any], float]:
    """How far a step moves D's weights, its optimiser's state, and the share that it told right."""
    state = TrainingState.fresh(params, fields_for(params), CPU)
    model = state.model
    model.skip_above = above
    full = (torch.rand(8, 1, 16, 16, 16, generator=torch.Generator().manual_seed(0)) > 0.9).float()
    batch = {"images": full, "labels": torch.zeros(8, dtype=torch.int64)}
    before = {name: value.clone() for name, value in model.discriminator.named_parameters()}
    turn = Turn(batch, 0, 0, 10, state.optimisers, 0, CPU, 8, slice(None))
    for player, loss in model.step([turn]):
        optimiser = state.optimisers[player]
        optimiser.zero_grad()
        loss.backward(inputs=[weight for group in optimiser.param_groups for weight in group["params"]])
        optimiser.step()
    after = dict(model.discriminator.named_parameters())
    moments = state.optimisers["discriminator"].state_dict()["state"]
    moved = {name: (after[name] - value).abs().max() for name, value in before.items()}
    return moved, moments, turn.notes["d_right"].item()


def test_the_discriminator_rests_where_it_told_more_right(tmp_path: Path) -> None:
    params = write_params(tiny("voxels"), tmp_path)
    moved, moments, right = steps(params, above=0.0)
    assert 0 < right <= 1
    assert not any(moved.values())
    assert not any(each["exp_avg"].any() or each["step"] for each in moments.values())
    moved, moments, again = steps(params, above=right)  # no more than that
    assert again == right
    assert all(moved.values())
    assert all(each["step"] == 1 for each in moments.values())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"train": {"processes": 2}}, "train.processes: must be 1: each process would skip"),
        ({"model": {"discriminator_norm": "batch"}}, "objective.penalty.name: r1 needs the gradient"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    content = tiny("voxels")
    for section, values in change.items():
        content[section] |= values
    with pytest.raises(UserError, match=told):
        write_params(content, tmp_path)


def test_augmentation_of_volumes_is_refused(tmp_path: Path) -> None:
    content = tiny("voxels")
    content["stabilisers"]["augmentation"] = ["cutout"]
    with pytest.raises(UserError, match="augmentation: is for pictures; gan3d makes volumes"):
        build(write_params(content, tmp_path))
