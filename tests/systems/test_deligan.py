"""DeLiGAN: the mixture and what keeps it wide, written out; components drawn at random; what ships."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from pipeline.streams import draw, stream
from pipeline.systems.deligan import Mixture, Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.turns import turn_of


@pytest.fixture
def model(tmp_path: Path) -> Model:
    torch.manual_seed(0)
    content = tiny("deligan-mnist")
    content["data"]["size"] = 8
    content["model"] |= {"components": 3, "narrowness": 0.5, "dropout": 0.0}
    return build(write_params(content, tmp_path))


@pytest.fixture
def turn() -> Any:
    """One that draws as the run does, and keeps what it gave by purpose."""
    drawn: dict[str, Tensor] = {}

    def drawing(field: Any, purpose: str = "latent") -> Tensor:
        drawn[purpose] = draw(field, 6, stream(0, purpose))
        return drawn[purpose]

    return turn_of(drawing, drawn=drawn)


def test_a_component_scales_and_moves_the_noise() -> None:
    """mu_i + sigma_i z of each sample's component; at the start mu is in [-1, 1], sigma as asked."""
    torch.manual_seed(0)
    mixture = Mixture(4, 500, 0.2)
    assert (mixture.deviation.weight == 0.2).all()
    assert -1 <= mixture.mean.weight.min() < -0.98
    assert 0.98 < mixture.mean.weight.max() <= 1
    mixture.deviation.weight.data.uniform_(1, 2)
    z, component = torch.randn(3, 500), torch.tensor([2, 0, 2])
    mean, deviation = mixture.mean.weight, mixture.deviation.weight
    expected = [mean[i] + deviation[i] * noise for i, noise in zip([2, 0, 2], z, strict=True)]
    torch.testing.assert_close(mixture(z, component), torch.stack(expected))


def test_the_generators_own_start_leaves_the_mixture_alone(model: Model) -> None:
    mixture = model.generator.mixture
    assert mixture.mean.weight.std().item() == pytest.approx(1 / 3**0.5, rel=0.2)  # uniform, not N(0, 0.02)
    assert (mixture.deviation.weight == 0.2).all()


def test_the_generator_pays_for_deviations_that_are_not_one(model: Model, turn: Any) -> None:
    """The game's loss, and lambda times the components' mean of |1 - sigma|^2."""
    model.generator.mixture.deviation.weight.data.uniform_(0.1, 2)
    moves = dict(model.step([turn]))
    image = model.generator(turn.drawn["latent"], turn.drawn["component"])
    fooled = softplus(-model.discriminator(image, turn.batch["labels"])).mean()
    sigma = model.generator.mixture.deviation.weight.detach()
    wide = sum((1 - one) @ (1 - one) for one in sigma).item() / 3
    labels = turn.batch["labels"]
    verdicts = [model.discriminator(seen, labels) for seen in (turn.batch["images"], image)]
    told = softplus(-verdicts[0]).mean() + softplus(verdicts[1]).mean()
    assert list(moves) == ["discriminator", "generator"]
    assert moves["discriminator"].item() == pytest.approx(told.item(), rel=1e-5)
    assert moves["generator"].item() == pytest.approx(fooled.item() + 0.5 * wide, rel=1e-5)
    assert turn.notes["narrowness_loss"].item() == pytest.approx(wide, rel=1e-5)
    assert turn.notes["deviation"].item() == pytest.approx(sigma.mean().item(), rel=1e-5)


def test_the_game_moves_components_that_were_drawn_and_the_penalty_all(model: Model, turn: Any) -> None:
    drawn = {"latent": torch.randn(6, 30), "component": torch.tensor([0, 1] * 3)}
    turn.draw = lambda field, purpose="latent": drawn[purpose]
    moves = model.step([turn])
    next(moves)[1].backward()
    assert all(weight.grad is None for weight in model.generator.parameters())
    next(moves)[1].backward()
    mixture = model.generator.mixture
    assert [bool(row.any()) for row in mixture.mean.weight.grad] == [True, True, False]
    slope = 0.5 * 2 * (0.2 - 1) / 3
    torch.testing.assert_close(mixture.deviation.weight.grad[2], torch.full((30,), slope))


def test_components_are_drawn_apart_from_the_noise(model: Model, turn: Any) -> None:
    list(model.step([turn]))
    assert list(turn.drawn) == ["latent", "component"]
    many = draw(model.component, 3000, stream(0, "component")).bincount() / 3000
    assert many.tolist() == pytest.approx([1 / 3] * 3, abs=0.04)


def test_the_file_holds_the_mixture(model: Model) -> None:
    network, inputs, _ = model.exports(model.shipped())["generator"]
    assert list(inputs) == ["z", "component"]
    assert [inputs["z"].about["distribution"], inputs["component"].kind] == ["normal", "category"]
    assert inputs["component"].about == {"count": 3}
    z = torch.randn(1, 30).expand(3, -1)
    images = network.eval()(z, torch.arange(3))
    assert not torch.allclose(images[0], images[1])
