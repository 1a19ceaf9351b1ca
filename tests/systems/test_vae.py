"""The variational autoencoder: its bound against the formula, and what it ships."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from pipeline.systems.vae import Model
from tests.building import build
from tests.conftest import tiny, write_params


@pytest.fixture
def model(tmp_path: Path) -> Model:
    torch.manual_seed(0)
    content = tiny("vae-mnist")
    content["data"]["size"] = 8
    return build(write_params(content, tmp_path))


def test_the_loss_is_the_negative_bound(model: Model) -> None:
    """-E log p(x|z) + KL(q(z|x) | N(0, 1)), pixels as chances of white, in nats an image."""
    x, noise, notes = torch.rand(5, 1, 8, 8) * 2 - 1, torch.randn(5, 20), {}
    turn = SimpleNamespace(batch={"images": x}, draw=lambda *_: noise, note=lambda **said: notes.update(said))
    ((player, loss),) = model.step([turn])
    mean, log_variance = model.encoder(x)
    z = mean + torch.sqrt(log_variance.exp()) * noise
    white, chance = (x + 1) / 2, (model.decoder(z) + 1) / 2
    cost = -(white * chance.log() + (1 - white) * (1 - chance).log()).sum((1, 2, 3)).mean()
    posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
    kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0, 1)).sum(1).mean()
    assert player == "autoencoder"
    assert loss.item() == pytest.approx((cost + kl).item(), rel=1e-5)
    assert notes["reconstruction_loss"].item() == pytest.approx(cost.item(), rel=1e-5)
    assert notes["kl_loss"].item() == pytest.approx(kl.item(), rel=1e-4)
    assert math.isclose(notes["loss"].item(), loss.item())


def test_black_is_zero_to_the_encoder(model: Model) -> None:
    """And white one: a layer of (W, b) sees relu(b) of a black image, relu(W 1 + b) of a white one."""
    _, first, _ = model.encoder.layers
    for pixel, features in ((-1.0, first.bias), (1.0, first.weight.sum(1) + first.bias)):
        found = model.encoder(torch.full((1, 1, 8, 8), pixel))
        hidden = torch.relu(features)[None]
        torch.testing.assert_close(found, (model.encoder.mean(hidden), model.encoder.log_variance(hidden)))


def test_it_ships_decoder_and_encoder_and_nothing_else_is_left(model: Model) -> None:
    assert list(model.exports(model.shipped())) == ["generator", "encoder"]
    assert model.others() == {}
    weights = {id(weight) for weight in model.players()["autoencoder"].parameters()}
    assert weights == {id(weight) for weight in model.parameters()}
