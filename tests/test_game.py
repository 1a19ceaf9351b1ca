"""A game beside its mathematics: what its critic is shown of whom, under which conditions, how exactly."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from pipeline.game import Game
from pipeline.turn import Turn
from tests.conftest import tiny, write_params

TURN = Turn(
    batch={},
    index=0,
    step=0,
    steps=4,
    optimisers={},
    seed=0,
    device=torch.device("cpu"),
    size=4,
    share=slice(None),
)
R2 = {"name": "r2", "weight": 2.0, "every": 1}


class Critic(nn.Module):
    """<w, x> plus the condition; it keeps the conditions and whether autocast was on."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(9, 1)
        self.conditions: list[list[float]] = []
        self.halved: list[bool] = []

    def features(self, x: Tensor, condition: Tensor) -> Tensor:
        self.halved.append(torch.is_autocast_enabled("cpu"))
        return x.flatten(1)

    def logits(self, features: Tensor, condition: Tensor) -> Tensor:
        self.conditions.append(condition.tolist())
        return self.layer(features)[:, 0] + condition

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.logits(self.features(x, condition), condition)


def game(folder: Path, penalty: dict[str, Any] | None = None, **stabilisers: Any) -> Game:
    content = tiny("gan-mnist")
    content["objective"] |= {"name": "non-saturating", "label_smoothing": 0.0, "weight_clip": None}
    content["objective"] |= {"penalty": penalty} if penalty else {}
    content["stabilisers"] |= stabilisers
    return Game(write_params(content, folder))


@pytest.fixture
def sides() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Real images and fakes that something made, under conditions of their own."""
    source = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 4, 1, 3, 3, generator=source)
    return (real, torch.zeros(4)), (fake.requires_grad_(), torch.ones(4))


def test_the_critic_pays_for_verdicts_and_teaches_the_maker_nothing(tmp_path: Path, sides: Any) -> None:
    critic, (real, fake) = Critic(), sides
    loss = game(tmp_path).critic(critic, real, fake, TURN)
    expected = softplus(-critic(*real)).mean() + softplus(critic(*fake)).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    loss.backward()
    assert critic.layer.weight.grad.abs().max() > 0
    assert fake[0].grad is None


def test_a_slope_is_computed_in_full_precision(tmp_path: Path, sides: Any) -> None:
    """Under autocast as well: bf16 is too coarse for the gradient of a gradient."""
    with torch.autocast("cpu", torch.bfloat16):
        critic = Critic()
        game(tmp_path, R2).critic(critic, *sides, TURN)
    assert critic.halved == [True, True, False]
    exact, without = (game(tmp_path, penalty).critic(Critic(), *sides, TURN) for penalty in (R2, None))
    slope = critic.layer.weight.square().sum() / 2  # of a linear critic: the same everywhere
    assert (exact - without).item() == pytest.approx(2 * slope.item(), rel=1e-5)


@pytest.mark.parametrize("matched", [0.0, 0.5])
def test_fakes_are_judged_under_their_own_conditions(tmp_path: Path, sides: Any, matched: float) -> None:
    critic, (real, fake) = Critic(), sides
    loss = game(tmp_path, feature_matching=matched).maker(critic, real, fake, TURN)
    assert critic.conditions == [[1, 1, 1, 1]]
    gap = real[0].flatten(1).mean(0) - fake[0].flatten(1).mean(0)
    expected = softplus(-critic(*fake)).mean() + matched * gap.square().sum()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_games_of_one_system_draw_and_note_apart(tmp_path: Path, sides: Any) -> None:
    content = tiny("gan-mnist")
    content["objective"] |= {
        "name": "wasserstein",
        "penalty": {"name": "gradient", "weight": 1.0, "every": 1},
    }
    content["stabilisers"] |= {"instance_noise": 0.5}
    params, paid, notes = write_params(content, tmp_path), [], set()
    for name in ("", "images", "other"):
        turn = Turn(**{**TURN.__dict__, "notes": {}})
        paid.append(Game(params, name=name).critic(Critic(), *sides, turn).item())
        notes |= turn.notes.keys()
    assert len(set(paid)) == 3
    assert {"d_loss", "images_d_loss", "other_d_loss"} <= notes


@pytest.mark.parametrize("before", [False, True])
def test_a_slope_before_views_is_that_of_the_images_as_they_are(tmp_path: Path, before: bool) -> None:
    """What a view covers has no slope for the image behind it (as Huang et al. 2024 have it)."""
    images, condition = torch.rand(4, 1, 3, 3), torch.zeros(4)
    content = tiny("gan-mnist")
    content["objective"] |= {"penalty": R2 | {"name": "r1"}}
    content["stabilisers"]["augmentation"] = ["cutout"]
    own = Game(write_params(content, tmp_path), slope_before_views=before)
    critic = Critic()
    paid = own.critic(critic, (images, condition), (images, condition), TURN)
    seen = own.critic_losses(critic, *(own._view((images, condition), of, TURN) for of in ("real", "fake")))
    shown, _ = own._view((torch.ones_like(images), condition), "penalised", TURN)
    counted = shown if before else torch.ones_like(images)
    slope = (critic.layer.weight.square() * counted.flatten(1)).sum(1).mean() / 2
    torch.testing.assert_close(paid - seen.loss, 2.0 * slope)
