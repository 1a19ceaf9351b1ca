"""InfoGAN: who learns from what, and the bound on the mutual information written out."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.systems.infogan import Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.turns import turn_of


@pytest.fixture
def model(tmp_path: Path) -> Model:
    torch.manual_seed(0)
    content = tiny("infogan-mnist")
    content["data"]["size"] = 8
    content["model"]["information"] = 0.5
    return build(write_params(content, tmp_path))


@pytest.fixture
def turn(model: Model) -> Any:
    drawn = {
        "latent": torch.randn(6, 62),
        "category": torch.arange(6),
        "code": torch.rand(6, 2) * 2 - 1,
    }
    return turn_of(lambda field, purpose="latent": drawn[field.kind], drawn=drawn)


def test_recogniser_and_generator_pay_for_codes_that_are_not_read(model: Model, turn: Any) -> None:
    """lambda (cross-entropy of the category + squared error of the codes / 2), one image's mean."""
    model.eval()
    z, category, code = turn.drawn.values()
    moves = dict(model.step([turn]))
    image = model.generator(z, category, code)
    probabilities, mean = model.recogniser(image)
    of_category = -probabilities[torch.arange(6), category].log().mean()
    of_code = ((code - mean) ** 2).sum() / 2 / 6
    fooled = torch.nn.functional.softplus(-model.discriminator(image, turn.batch["labels"])).mean()
    surprise = 0.5 * (of_category + of_code)
    assert list(moves) == ["discriminator", "recogniser", "generator"]
    assert moves["recogniser"].item() == pytest.approx(surprise.item(), rel=1e-5)
    assert moves["generator"].item() == pytest.approx((fooled + surprise).item(), rel=1e-5)
    assert turn.notes["category_loss"].item() == pytest.approx(of_category.item(), rel=1e-5)
    assert turn.notes["code_loss"].item() == pytest.approx(of_code.item(), rel=1e-5)


def test_the_recogniser_learns_in_the_discriminators_trunk_and_not_in_the_generator(
    model: Model, turn: Any
) -> None:
    moves = model.step([turn])
    next(moves)
    _, loss = next(moves)
    loss.backward()
    assert all(weight.grad is not None for weight in model.discriminator.layers.parameters())
    assert all(weight.grad is None for weight in model.generator.parameters())


def test_weights_of_the_critic_can_be_clipped(tmp_path: Path, turn: Any) -> None:
    content = tiny("infogan-mnist")
    content["data"]["size"] = 8
    content["objective"] |= {"name": "wasserstein", "weight_clip": 0.01}
    model = build(write_params(content, tmp_path))
    free = [weight.clone() for weight in model.generator.parameters()]
    next(moves := model.step([turn]))
    next(moves)
    assert max(weight.abs().max().item() for weight in model.discriminator.parameters()) <= 0.01
    assert all(
        torch.equal(one, weight) for one, weight in zip(free, model.generator.parameters(), strict=True)
    )


def test_generator_and_recogniser_ship_and_the_critic_is_kept(model: Model) -> None:
    exports = model.exports(model.shipped())
    assert list(exports) == ["generator", "recogniser"]
    assert list(exports["generator"].inputs) == ["z", "category", "code"]
    assert list(model.others()) == ["discriminator"]


def test_the_discriminator_and_the_recogniser_are_as_published(model: Model) -> None:
    """Appendix C.1: leaks of 0.1, batch norm behind all layers but the first, Q on the trunk of D."""
    critic, q, x = model.discriminator.eval(), model.recogniser.eval(), torch.rand(6, 1, 8, 8)
    with torch.no_grad():  # weights of 0.02 give next to nothing
        for weight in (*critic.parameters(), *q.hidden.parameters()):
            weight.copy_(torch.randn_like(weight))

    def leak(values: torch.Tensor) -> torch.Tensor:
        return torch.where(values > 0, values, values / 10)

    first, _, second, norm, _, _, third, last_norm, _ = critic.layers
    trunk = leak(last_norm(third(leak(norm(second(leak(first(x))))).flatten(1))))
    torch.testing.assert_close(critic(x, torch.zeros(6)), critic.last(trunk)[:, 0])
    hidden = leak(q.hidden[1](q.hidden[0](trunk)))
    probabilities, code = q(x)
    torch.testing.assert_close(probabilities, q.category(hidden).softmax(1))
    torch.testing.assert_close(code, q.codes(hidden))


def test_a_category_is_a_one_hot_code(model: Model) -> None:
    """The first layer of z, category and codes side by side, as published."""
    z, code, network = torch.randn(1, 62), torch.rand(1, 2), model.generator
    one_hot = torch.eye(10)[[3]]
    weight = torch.cat([network.noise.weight, network.category.weight.T], 1)
    whole = torch.nn.functional.linear(torch.cat([z, code, one_hot], 1), weight, network.noise.bias)
    parts = network.noise(torch.cat([z, code], 1)) + network.category(torch.tensor([3]))
    torch.testing.assert_close(parts, whole)
