"""EBGAN: energies, the margin and the pull-away term against written-out values."""

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.systems.ebgan import Model, pull_away
from tests.building import build
from tests.conftest import tiny, write_params


def built(folder: Path, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("ebgan-mnist")
    content["data"]["size"] = 8
    content["model"] |= changes
    model = build(write_params(content, folder))
    with torch.no_grad():  # weights of 0.02 reconstruct nothing
        for weight in model.discriminator.parameters():
            weight.copy_(torch.randn_like(weight) / 4)
    return model


def turn_of(notes: dict[str, Tensor]) -> Any:
    z = torch.randn(6, 100)
    return SimpleNamespace(
        batch={"images": torch.rand(6, 1, 8, 8) * 2 - 1},
        draw=lambda field: z,
        note=lambda **said: notes.update(said),
        z=z,
    )


def energies(model: Model, x: Tensor) -> list[float]:
    """|Dec(Enc(x)) - x| of each image, not squared: Zhao et al. 2017, section 2.3."""
    back = model.discriminator.decode(model.discriminator.encode(x))
    return [(one - other).square().sum().item() ** 0.5 for one, other in zip(back, x.flatten(1), strict=True)]


def test_losses_are_those_of_the_paper(tmp_path: Path) -> None:
    """Eqs. (1) and (2): D(x) + [m - D(G(z))]+ of each image, and D(G(z)) with the pull-away term."""
    model, notes = built(tmp_path, pull_away=0.5), {}
    turn = turn_of(notes)
    image = model.generator(turn.z)
    real, fake = energies(model, turn.batch["images"]), energies(model, image)
    model.model = model.model.model_copy(update={"margin": sum(fake) / 6})  # some fakes are beyond it
    moves = dict(model.step([turn]))
    left = [max(0, model.model.margin - energy) for energy in fake]
    alike = pull_away(model.discriminator.encode(image))
    assert 0 < left.count(0) < 6
    assert moves["discriminator"].item() == pytest.approx((sum(real) + sum(left)) / 6, rel=1e-5)
    assert moves["generator"].item() == pytest.approx(sum(fake) / 6 + 0.5 * alike.item(), rel=1e-5)
    assert notes["generator_loss"].item() == pytest.approx(sum(fake) / 6, rel=1e-5)
    assert notes["real_energy"].item() == pytest.approx(sum(real) / 6, rel=1e-5)


def test_widths_are_each_players_own(tmp_path: Path) -> None:
    """Hidden layers of 800 and codes of 1024 in the published form."""
    model = built(tmp_path, generator_width=5, discriminator_width=7)

    def sides(network: torch.nn.Module) -> list[list[int]]:
        return [list(layer.weight.shape) for layer in network.modules() if isinstance(layer, torch.nn.Linear)]

    assert sides(model.generator) == [[5, 100], [5, 5], [5, 5], [5, 5], [64, 5]]
    assert sides(model.discriminator) == [[7, 64], [64, 7]]


def test_beyond_the_margin_d_has_nothing_to_say_of_fakes(tmp_path: Path) -> None:
    model = built(tmp_path, margin=1e-3)
    turn = turn_of({})
    _, loss = next(model.step([turn]))
    loss.backward()
    told = [weight.grad.clone() for weight in model.discriminator.parameters()]
    model.zero_grad()
    model.discriminator(turn.batch["images"]).mean().backward()
    for found, weight in zip(told, model.discriminator.parameters(), strict=True):
        torch.testing.assert_close(found, weight.grad)


def test_pull_away_is_the_mean_squared_cosine_of_pairs() -> None:
    """Section 2.4: of every pair of codes, none with itself; a code of nothing is like no other."""
    codes = torch.randn(5, 3)
    cosines = [torch.cosine_similarity(a, b, 0) ** 2 for a, b in itertools.permutations(codes, 2)]
    assert pull_away(codes).item() == pytest.approx(sum(cosines).item() / 20, rel=1e-5)
    assert pull_away(7 * codes).item() == pytest.approx(pull_away(codes).item(), rel=1e-5)
    assert pull_away(torch.ones(4, 3)).item() == pytest.approx(1)
    assert pull_away(torch.eye(3)).item() == pytest.approx(0, abs=1e-6)
    assert pull_away(torch.tensor([[0.0, 0.0], [1.0, 0.0]])).item() == 0


def test_the_generator_is_moved_by_both_its_terms_and_in_its_own_move_alone(tmp_path: Path) -> None:
    model = built(tmp_path, pull_away=20.0)
    turn, weights = turn_of({}), list(model.generator.parameters())
    moves = model.step([turn])
    next(moves)[1].backward()
    assert all(weight.grad is None for weight in weights)
    _, loss = next(moves)
    found = torch.autograd.grad(loss, weights)
    image = model.generator(turn.z)
    paid = model.discriminator(image).mean() + 20 * pull_away(model.discriminator.encode(image))
    for one, other in zip(found, torch.autograd.grad(paid, weights), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)  # of biases before batch norm: noise


def test_the_generator_ships_and_the_autoencoder_is_kept(tmp_path: Path) -> None:
    model = built(tmp_path)
    assert list(model.exports(model.shipped())) == ["generator"]
    assert list(model.others()) == ["discriminator"]
