"""The generator's loss against a discriminator that has gone on."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import Adam

from pipeline.systems.adversarial import Adversarial
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.losses import discriminator_loss, generator_loss, unrolled_generator_loss

Game = tuple[Adversarial, Adam, tuple[torch.Tensor, ...]]


@pytest.fixture
def game(tmp_path: Any) -> Callable[[str], Game]:
    """A model after one step of its discriminator, with that optimiser, and (real, fake, labels)."""

    def make(name: str) -> Game:
        torch.manual_seed(0)
        content = tiny(name)
        content["model"] |= {"dropout": 0.0}
        params = write_params(content, tmp_path)
        model = build(params, 1, 10).double()
        optimiser = Adam(model.discriminator.parameters(), lr=1e-3, betas=(0.5, 0.9))
        size = params.data.size
        real, fake = torch.randn(2, 6, 1, size, size, dtype=torch.float64)
        labels = torch.arange(6)
        discriminator_loss(model, real, fake, labels).loss.backward()
        optimiser.step()
        return model, optimiser, (real, fake.requires_grad_(), labels)

    return make


@pytest.mark.parametrize("steps", [1, 3])
def test_the_discriminator_ahead_is_the_one_that_adam_would_make(
    game: Callable[[str], Game], steps: int
) -> None:
    model, optimiser, (real, fake, labels) = game("gan-mnist")
    found = unrolled_generator_loss(model, optimiser, steps, real, fake, labels).loss
    other = copy.deepcopy(model)
    ahead = Adam(other.discriminator.parameters(), lr=1e-3, betas=(0.5, 0.9))
    ahead.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for _ in range(steps):
        ahead.zero_grad()
        discriminator_loss(other, real, fake.detach(), labels).loss.backward()
        ahead.step()
    torch.testing.assert_close(found, generator_loss(other, real, fake, labels).loss, rtol=1e-4, atol=1e-6)
    now = generator_loss(model, real, fake, labels).loss
    assert not torch.isclose(found, now, rtol=1e-5)


def test_the_gradient_goes_through_the_steps(game: Callable[[str], Game]) -> None:
    model, optimiser, (real, fake, labels) = game("gan-mnist")

    def loss(images: torch.Tensor) -> torch.Tensor:
        return unrolled_generator_loss(model, optimiser, 2, real, images, labels).loss

    (gradient,) = torch.autograd.grad(loss(fake), fake)
    step = 1e-3 * torch.randn_like(fake)
    difference = (loss(fake + step) - loss(fake - step)).item() / 2
    assert (gradient * step).sum().item() == pytest.approx(difference, rel=1e-2)
    at_once = torch.autograd.grad(generator_loss(model, real, fake, labels).loss, fake)[0]
    assert not torch.allclose(gradient, at_once, rtol=1e-3)


def test_the_discriminator_itself_stays(game: Callable[[str], Game]) -> None:
    model, optimiser, (real, fake, labels) = game("gan-mnist")
    before = copy.deepcopy(model.state_dict())
    moments = copy.deepcopy(optimiser.state_dict())
    unrolled_generator_loss(model, optimiser, 3, real, fake, labels).loss.backward()
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    torch.testing.assert_close(optimiser.state_dict(), moments, rtol=0, atol=0)
