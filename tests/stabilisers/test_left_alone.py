"""What stabilisers and penalties leave as it is: their inputs, and whom the gradient may not reach."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Adam

from pipeline import penalties
from pipeline.params import PenaltyParams
from pipeline.stabilisers.feature_matching import feature_distance
from pipeline.stabilisers.historical_averaging import distance_from_history, history_of
from pipeline.stabilisers.minibatch import MinibatchDeviation, MinibatchDiscrimination
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.losses import discriminator_loss, unrolled_generator_loss

LABELS = torch.zeros(4, dtype=torch.int64)


class Critic(nn.Module):
    """<w, x^2>."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.arange(1.0, 10.0))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return (self.weight * x.flatten(1).square()).sum(1)


def paid(name: str, critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    penalty = penalties.build(PenaltyParams(name=name, weight=1.0, every=1))
    return penalty(critic, (real, LABELS), (fake, LABELS), 1, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["gradient", "r1", "r2", "r1-r2", "dragan"])
def test_a_penalty_reaches_the_critic_and_no_image(name: str) -> None:
    torch.manual_seed(0)
    source, critic, real = torch.randn(4, 1, 3, 3, requires_grad=True), Critic(), torch.randn(4, 1, 3, 3)
    paid(name, critic, real, 2 * source).backward()
    assert critic.weight.grad.abs().min() > 0
    assert source.grad is None
    assert not real.requires_grad


@pytest.mark.parametrize(("name", "unseen"), [("r1", "fake"), ("dragan", "fake"), ("r2", "real")])
def test_a_penalty_looks_at_its_own_images_alone(name: str, unseen: str) -> None:
    torch.manual_seed(0)
    images = {side: torch.randn(4, 1, 3, 3) for side in ("real", "fake")}
    expected = paid(name, Critic(), **images)
    images[unseen] = torch.empty(0, 1, 3, 3)
    assert torch.equal(paid(name, Critic(), **images), expected)


def test_nothing_is_learnt_by_the_past() -> None:
    network = nn.Linear(2, 2)
    history = history_of(network)
    history.update_parameters(network)
    nn.init.normal_(network.weight)
    distance_from_history(network, history).backward()
    assert all(weight.grad is None for weight in history.parameters())
    real = torch.randn(3, 2, requires_grad=True)
    feature_distance(real, network(torch.randn(3, 2))).backward()
    assert real.grad is None


def test_unrolling_asks_nothing_of_the_discriminators_weights(tmp_path: Path) -> None:
    content = tiny("gan-mnist")
    content["data"]["size"] = 8
    model = build(write_params(content, tmp_path), 1, 10)
    optimiser = Adam(model.discriminator.parameters())
    real, fake = torch.randn(2, 4, 1, 8, 8)
    discriminator_loss(model, real, fake, LABELS).loss.backward()
    optimiser.step()
    optimiser.zero_grad()
    model.discriminator.requires_grad_(False)
    unrolled_generator_loss(model, optimiser, 2, real, fake.requires_grad_(), LABELS).loss.backward()
    assert fake.grad.abs().max() > 0
    assert not any(weight.requires_grad for weight in model.discriminator.parameters())
    assert all(weight.grad is None for weight in model.discriminator.parameters())


def test_minibatch_layers_are_as_published_and_start_without_a_bias() -> None:
    """B = 50 rows of C = 5 (Salimans et al. 2016, section 5); a bias would cancel, or belongs to the head."""
    shapes = {name: tuple(value.shape) for name, value in MinibatchDiscrimination(6).named_parameters()}
    assert shapes == {"tensor.weight": (250, 6), "head.weight": (1, 50)}
    assert [tuple(value.shape) for value in MinibatchDeviation(6).parameters()] == [(1, 1)]
