"""Adversarial variational Bayes: its two losses written out, the moments of q, and the paper's toy."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from pipeline.systems.avb import Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.turns import turn_of


def built(folder: Path, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("avb-mnist")
    content["data"]["size"] = 8
    content["model"] |= changes
    return build(write_params(content, folder))


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return built(tmp_path)


@pytest.fixture
def turn(model: Model) -> Any:
    drawn = {"noise": torch.randn(6, 32), "contrast": torch.randn(6, 8)}
    return turn_of(lambda field, purpose: drawn[purpose], drawn=drawn)


def test_the_losses_are_those_of_the_paper(model: Model, turn: Any) -> None:
    """-E log p(x|z) + T + log r(z|x) - log p(z); the adversary tells q's codes (1) from those of r (0)."""
    x = turn.batch["images"]
    z, mean, deviation = model.encoder.draw(x, turn.drawn["noise"])
    white, chance = (x + 1) / 2, (model.decoder(z) + 1) / 2
    cost = -(white * chance.log() + (1 - white) * (1 - chance).log()).sum((1, 2, 3)).mean()
    standard = (z - mean) / deviation
    contrast = model.adversary(x, standard).mean()
    to_prior = (Normal(mean, deviation).log_prob(z) - Normal(0, 1).log_prob(z)).sum(1).mean()
    is_q = model.adversary(x, standard).sigmoid()
    is_q_of_r = model.adversary(x, turn.drawn["contrast"]).sigmoid()
    told = -(is_q.log() + (1 - is_q_of_r).log()).mean()
    moves = dict(model.step([turn]))
    assert list(moves) == ["autoencoder", "adversary"]
    assert moves["autoencoder"].item() == pytest.approx((cost + contrast + to_prior).item(), rel=1e-5)
    assert moves["adversary"].item() == pytest.approx(told.item(), rel=1e-5)
    assert turn.notes["kl_loss"].item() == pytest.approx((contrast + to_prior).item(), rel=1e-4)


def test_who_learns_from_what(model: Model, turn: Any) -> None:
    """The contrast reaches the encoder through z alone, and the adversary leaves the encoder as it is."""
    z, mean, deviation = model.encoder.draw(turn.batch["images"], turn.drawn["noise"])
    assert (z.requires_grad, mean.requires_grad, deviation.requires_grad) == (True, False, False)
    moves = model.step([turn])
    next(moves)
    _, told = next(moves)
    told.backward()
    assert all(weight.grad is not None for weight in model.adversary.parameters())
    assert all(weight.grad is None for weight in model.encoder.parameters())


def test_mean_and_deviation_are_those_of_many_draws(model: Model) -> None:
    x = (torch.rand(1, 1, 8, 8) * 2 - 1).expand(5_000, -1, -1, -1)
    noise = torch.randn(5_000, 32)
    with torch.no_grad():
        model.encoder.basis[2].weight *= 5  # a deviation that is not near nothing
        z, mean, deviation = model.encoder.draw(x, noise)
        torch.testing.assert_close(z, model.encoder(x, noise))
    torch.testing.assert_close(mean[0], z.mean(0), atol=0.004, rtol=0)
    torch.testing.assert_close(deviation[0], z.std(0), atol=0, rtol=0.06)
    assert z.std(0).min() > 0.05


def test_networks_see_black_as_zero_and_noise_through_32_units_a_number(model: Model) -> None:
    seen: list[Tensor] = []
    for layer in (model.encoder.layers[1], model.adversary.image[1]):
        layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x = torch.tensor([-1.0, 0.0, 1.0])[:, None, None, None].expand(-1, 1, 8, 8)
    model.encoder(x, torch.randn(3, 32))
    model.adversary(x, torch.randn(3, 8))
    assert [pixels[:, 0].tolist() for pixels in seen] == [[0, 0.5, 1]] * 2
    assert model.encoder.basis[0].weight.shape == (32 * 32, 1, 1)
    assert model.encoder.basis[2].weight.shape == (32 * 8, 32, 1)


def test_each_number_of_the_noise_has_a_function_of_its_own(model: Model) -> None:
    """The variance of the sum is the sum of the variances, because no two share a number."""
    one = torch.zeros(2, 32)
    one[1, 5] = 3
    with torch.no_grad():
        before, after = model.encoder._of_noise(one)
    changed = (before != after).any(0)
    assert changed.nonzero().flatten().tolist() == [5]


def test_decoder_and_encoder_ship_and_the_adversary_is_kept(model: Model) -> None:
    exports = model.exports(model.shipped())
    assert list(exports) == ["generator", "encoder"]
    assert list(exports["encoder"].inputs) == ["image", "noise"]
    assert exports["encoder"].outputs["z"].about["of"] == "z"
    assert list(model.others()) == ["adversary"]


@pytest.mark.slow
def test_four_images_become_four_blobs_that_fill_the_prior(tmp_path: Path) -> None:
    """Section 5.1: each image keeps a part of N(0, 1) in two dimensions to itself."""
    model = built(tmp_path, z_dim=2, noise=8, hidden=64)
    images = -torch.ones(4, 1, 8, 8)
    for number, (top, left) in enumerate([(0, 0), (0, 4), (4, 0), (4, 4)]):
        images[number, 0, top : top + 4, left : left + 4] = 1
    learn(model, images.repeat(16, 1, 1, 1), steps=1000)
    which = torch.arange(4).repeat(500)
    with torch.no_grad():
        z = model.encoder(images[which], torch.randn(2000, 8))
        back = model.decoder(z)
    centres = torch.stack([z[which == number].mean(0) for number in range(4)])
    assert (torch.cdist(z, centres).argmin(1) == which).float().mean() > 0.98
    assert z.mean(0).abs().max() < 0.2
    assert (z.std(0) - 1).abs().max() < 0.3
    assert (back - images[which]).abs().mean() < 0.05


def learn(model: Model, images: Tensor, steps: int) -> None:
    """Some steps on one batch."""
    players = {name: list(player.parameters()) for name, player in model.players().items()}
    optimisers = {name: torch.optim.Adam(own, lr=2e-3, betas=(0.5, 0.999)) for name, own in players.items()}
    turn = SimpleNamespace(
        batch={"images": images},
        draw=lambda field, purpose: torch.randn(len(images), *field.shape),
        note=lambda **said: None,
    )
    for _ in range(steps):
        for name, loss in model.step([turn]):
            optimisers[name].zero_grad()
            loss.backward(inputs=players[name])
            optimisers[name].step()
