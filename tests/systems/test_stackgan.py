"""StackGAN: the condition that is drawn, the two phases, and both stages in one graph."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import avg_pool2d, softplus

from pipeline.systems.stackgan import FirstShown, Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems import losses
from tests.systems.turns import turn_of

CAPTIONS = torch.tensor([[1, 2, 3, 0], [1, 3, 0, 0], [2, 0, 0, 0]] * 2)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    torch.manual_seed(0)
    content = tiny("stackgan-mnist")
    content["model"]["condition_weight"] = 2.0
    content["objective"]["penalty"] = {"name": "none", "weight": 0.0, "every": 1}
    return build(write_params(content, tmp_path), channels=3)


def moved(model: Model, progress: float) -> tuple[dict[str, torch.Tensor], Any]:
    z = torch.randn(6, model.latent.shape[0], generator=torch.Generator().manual_seed(1))
    turn = turn_of(lambda field: z, progress=progress)
    turn.batch = {"images": torch.rand(6, 3, 32, 32) * 2 - 1, "captions": CAPTIONS}
    return dict(model.step([turn])), turn


def test_the_condition_is_drawn_about_a_mean_and_pays_for_its_distance_from_noise(model: Model) -> None:
    condition, code = model.generator.first.condition, torch.randn(5, 8)
    mean, deviation = condition.mean(code), softplus(condition.spread(code))
    noise = torch.randn(5, 8)
    torch.testing.assert_close(condition(code, noise), mean + deviation * noise)
    expected = kl_divergence(Normal(mean, deviation), Normal(0, 1)).mean()
    torch.testing.assert_close(condition.divergence(code), expected)


def test_the_first_stage_learns_from_half_the_size_and_pays_for_its_condition(model: Model) -> None:
    moves, turn = moved(model, 0.0)
    assert list(moves) == ["discriminator_1", "generator_1"]
    words, z = model.generator.first.words.shares(CAPTIONS), turn.draw(None)
    code = model.generator.first.words(words)
    judge, fake = model.discriminators[0], model.generator.of_code(z, code)[0]
    small = avg_pool2d(turn.batch["images"], 2)
    told = losses.softplus(-judge(small, words)).mean() + losses.softplus(judge(fake, words)).mean() / 2
    told = told + losses.softplus(judge(small, words.roll(1, 0))).mean() / 2
    assert moves["discriminator_1"].item() == pytest.approx(told.item(), rel=1e-5)
    divergence = model.generator.first.condition.divergence(code)
    paid = losses.softplus(-judge(fake, words)).mean() + 2 * divergence
    assert moves["generator_1"].item() == pytest.approx(paid.item(), rel=1e-5)


def test_in_the_second_phase_the_first_stage_stays_as_it_is(model: Model) -> None:
    moves, _ = moved(model, model.model.first_stage)
    assert list(moves) == ["discriminator_2", "generator_2"]
    before = {name: value.clone() for name, value in model.generator.first.state_dict().items()}
    moves, _ = moved(model.train(), 0.99)
    moves["generator_2"].backward()
    assert all(weight.grad is None for weight in model.generator.first.parameters())
    assert all(weight.grad is not None for weight in model.generator.second.parameters())
    for name, value in model.generator.first.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_what_ships_is_both_stages_and_until_then_the_first_is_shown(model: Model) -> None:
    z, shipped = torch.randn(6, model.latent.shape[0]), model.shipped().eval()
    with torch.no_grad():
        moved(model, 0.0)
        shown = model.exports(shipped)["generator"].network
        assert isinstance(shown, FirstShown)
        first, condition = model.generator.of_code(z, model.generator.first.words.of_ids(CAPTIONS))
        torch.testing.assert_close(avg_pool2d(shown(z, CAPTIONS), 2), first)
        model.first_done = True
        made = model.exports(shipped)["generator"].network(z, CAPTIONS)
        torch.testing.assert_close(made, model.generator.second(first, condition))
