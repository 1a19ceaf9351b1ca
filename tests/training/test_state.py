"""What the state of a run starts as, and that it survives the way to bytes and back."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.errors import RunError
from pipeline.streams import seed_of
from pipeline.training.state import TrainingState, previous
from tests.building import build, image_fields
from tests.conftest import write_params
from tests.training.test_step import CLASSES, CPU, SEED, Reference, loop_of, small

ALL = {"historical_averaging": 0.5}


def fresh(folder: Path) -> TrainingState:
    params = write_params(small(stabilisers=ALL), folder)
    return TrainingState.fresh(params, image_fields(1, params.data.size, CLASSES), CPU)


def test_the_first_weights_depend_on_the_seed_alone(tmp_path: Path) -> None:
    params = write_params(small(), tmp_path)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    state = TrainingState.fresh(params, image_fields(1, params.data.size, CLASSES), CPU)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(seed_of(SEED, "init"))
    expected = build(params, 1, CLASSES)
    assert torch.equal(Reference.vector(state.model), Reference.vector(expected))
    assert (state.step, sum(state.counts), state.rate_scale, state.history) == (0, 0, 1.0, [])
    assert torch.equal(state.totals, torch.zeros(6))


def test_each_optimiser_has_its_own_network_and_settings(tmp_path: Path) -> None:
    state = fresh(tmp_path)
    for name, rate, betas in (("generator", 0.01, (0.5, 0.9)), ("discriminator", 0.02, (0.4, 0.8))):
        (group,) = state.optimisers[name].param_groups
        weights = list(getattr(state.model, name).parameters())
        assert all(one is other for one, other in zip(group["params"], weights, strict=True))
        assert (group["lr"], tuple(group["betas"]), group["weight_decay"]) == (rate, betas, 0)


def test_everything_survives_the_way_to_bytes_and_back(tmp_path: Path) -> None:
    params = write_params(small(stabilisers=ALL, train={"epochs": 3}), tmp_path)
    one, other = loop_of(params), loop_of(params)
    for _ in range(3):
        one.step()
    state = one.state
    state.history.append(one.row())
    one.step()
    state.rate_scale, state.tracking_run = 0.25, "run"
    state.rollbacks.append({"step": 2})
    other.state.from_bytes(state.to_bytes())
    for name in ("counts", "step", "history", "rate_scale", "rollbacks", "tracking_run"):
        assert getattr(other.state, name) == getattr(state, name)
    assert torch.equal(other.state.totals, state.totals)
    for _ in range(2):
        one.step()
        other.step()
    for name in ("generator", "discriminator"):
        found, expected = (Reference.vector(getattr(each.model, name)) for each in (other.state, state))
        assert torch.equal(found, expected)
        found, expected = (Reference.vector(each.histories[name]) for each in (other.state, state))
        assert torch.equal(found, expected)
    found, expected = (Reference.vector(each.shipped) for each in (other.state, state))
    assert torch.equal(found, expected)
    assert other.row() == one.row()


def test_what_is_loaded_runs_no_code(tmp_path: Path) -> None:
    state, harm = fresh(tmp_path), tmp_path / "harm"

    class Harmful:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (harm,)

    torch.save({"model": Harmful()}, tmp_path / "state.pt")
    with pytest.raises(pickle.UnpicklingError):
        state.from_bytes((tmp_path / "state.pt").read_bytes())
    assert not harm.exists()


def test_a_damaged_state_is_told_and_the_one_before_taken(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    state = fresh(tmp_path)
    state.step = 1
    state.save(path)
    state.step = 2
    state.save(path)
    assert fresh(tmp_path).load(tmp_path / "none.pt") == []
    for damaged, step in ((False, 2), (True, 1)):
        if damaged:
            path.write_bytes(path.read_bytes()[:-1])
        found = fresh(tmp_path)
        assert found.load(path, previous(path)) == [path] * damaged
        assert found.step == step
    previous(path).write_bytes(b"")
    with pytest.raises(RunError, match=r"state\.pt and .*state-previous\.pt: damaged"):
        fresh(tmp_path).load(path, previous(path))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["weight", "totals"])
def test_what_is_no_number_is_seen(tmp_path: Path, value: float, where: str) -> None:
    state = fresh(tmp_path)
    assert state.is_finite()
    with torch.no_grad():
        tensor = state.totals if where == "totals" else next(state.model.discriminator.parameters())
        tensor.view(-1)[0] = value
    assert not state.is_finite()


def test_statistics_hold_no_graph(tmp_path: Path) -> None:
    loop = loop_of(write_params(small(), tmp_path))
    loop.step()
    assert not loop.state.totals.requires_grad


def test_without_an_average_the_generator_itself_ships(tmp_path: Path) -> None:
    params = write_params(small(train={"ema_half_life": 0.0}), tmp_path)
    loop = loop_of(params)
    loop.step()
    assert loop.state.averaged is None
    assert loop.state.shipped["generator"] is loop.state.model.generator
