"""The adversarial autoencoder: its three losses written out, who learns from which, and what ships."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from pipeline.errors import UserError
from pipeline.systems.aae import Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.turns import turn_of


@pytest.fixture
def model(tmp_path: Path) -> Model:
    torch.manual_seed(0)
    content = tiny("aae-mnist")
    content["data"]["size"] = 8
    return build(write_params(content, tmp_path))


@pytest.fixture
def turn() -> Any:
    drawn = {"latent": torch.randn(6, 10), "category": torch.arange(6) + 3}
    return turn_of(lambda field, purpose="latent": drawn[field.kind], drawn=drawn)


def test_the_losses_are_those_of_the_paper(model: Model, turn: Any) -> None:
    """Half the squared distance of pixels from 0 to 1; two games of codes against draws from their priors."""
    x = turn.batch["images"]
    z, probabilities = model.encoder(x)
    white = (model.decoder.of_probabilities(z, probabilities) + 1) / 2
    distance = ((white - (x + 1) / 2) ** 2).sum() / 2 / 6
    assert probabilities.sum(1).tolist() == pytest.approx([1] * 6)
    real_z, real_y = turn.drawn["latent"], torch.eye(16)[turn.drawn["category"]]
    told = sum(
        (softplus(-judge(real)) + softplus(judge(fake))).mean()
        for judge, real, fake in ((model.judge_z, real_z, z), (model.judge_y, real_y, probabilities))
    )
    fooled = softplus(-model.judge_z(z)).mean() + softplus(-model.judge_y(probabilities)).mean()
    moves = dict(model.step([turn]))
    assert list(moves) == ["autoencoder", "discriminators", "encoder"]
    assert moves["autoencoder"].item() == pytest.approx(distance.item(), rel=1e-5)
    assert moves["discriminators"].item() == pytest.approx(told.item(), rel=1e-5)
    assert moves["encoder"].item() == pytest.approx(fooled.item(), rel=1e-5)


def test_the_encoder_is_judged_by_its_codes_after_the_reconstruction(model: Model, turn: Any) -> None:
    """Each phase computes codes of its own: nothing of the first is differentiated after its update."""
    moves = model.step([turn])
    next(moves)
    with torch.no_grad():
        model.encoder.style[1].bias += 5  # what an update might do
    next(moves)
    _, loss = next(moves)
    z, probabilities = model.encoder(turn.batch["images"])
    fooled = softplus(-model.judge_z(z)).mean() + softplus(-model.judge_y(probabilities)).mean()
    assert loss.item() == pytest.approx(fooled.item(), rel=1e-5)


def gradients(model: Model, loss: Tensor) -> dict[str, bool]:
    """Which of the networks a loss reaches."""
    model.zero_grad()
    loss.backward()
    networks = ("encoder", "decoder", "judge_z", "judge_y")
    return {
        name: all(weight.grad is not None for weight in getattr(model, name).parameters())
        for name in networks
    }


def test_who_learns_from_what(model: Model, turn: Any) -> None:
    reached = {player: gradients(model, loss) for player, loss in model.step([turn])}
    assert [name for name, yes in reached["autoencoder"].items() if yes] == ["encoder", "decoder"]
    assert [name for name, yes in reached["discriminators"].items() if yes] == ["judge_z", "judge_y"]
    assert reached["encoder"]["encoder"]
    own = {id(weight) for weight in model.players()["encoder"].parameters()}
    assert own == {id(weight) for weight in model.encoder.parameters()}


def test_a_category_is_a_certain_probability(model: Model) -> None:
    """What ships takes a category; what is trained takes probabilities: the same where they are certain."""
    z, category = torch.randn(5, 10), torch.tensor([0, 3, 15, 7, 3])
    whole = model.decoder.of_probabilities(z, torch.eye(16)[category])
    torch.testing.assert_close(model.decoder(z, category), whole)


def test_decoder_and_encoder_ship_and_the_critics_are_kept(model: Model) -> None:
    exports = model.exports(model.shipped())
    assert list(exports) == ["generator", "encoder"]
    assert list(exports["generator"].inputs) == ["z", "category"]
    assert [field.about["of"] for field in exports["encoder"].outputs.values()] == ["z", "category"]
    assert list(model.others()) == ["discriminators"]


def test_weights_of_the_critics_can_be_clipped(tmp_path: Path, turn: Any) -> None:
    content = tiny("aae-mnist")
    content["data"]["size"] = 8
    content["objective"] |= {"name": "wasserstein", "weight_clip": 0.01}
    model = build(write_params(content, tmp_path))
    list(model.step([turn]))
    for judge in (model.judge_z, model.judge_y):
        assert max(weight.abs().max().item() for weight in judge.parameters()) <= 0.01


def labelled(folder: Path, classes: int, **changes: Any) -> Model:
    content = tiny("aae-labelled-mnist")
    content["data"]["size"] = 8
    content["model"] |= {"categories": 3, "labels": 6} | changes
    return build(write_params(content, folder), classes=classes)


def test_with_labels_the_encoder_pays_the_cross_entropy_of_the_class(tmp_path: Path) -> None:
    model, classes = labelled(tmp_path, classes=3), torch.tensor([2, 0, 1, 1, 0, 2])
    drawn = {"latent": torch.randn(6, 10), "category": torch.arange(6) % 3}
    turn = turn_of(lambda field, purpose="latent": drawn[field.kind])
    turn.batch |= {"labelled": torch.rand(6, 1, 8, 8), "classes": classes}
    z, probabilities = model.encoder(turn.batch["images"])
    fooled = softplus(-model.judge_z(z)).mean() + softplus(-model.judge_y(probabilities)).mean()
    _, of_labelled = model.encoder(turn.batch["labelled"])
    missed = -of_labelled[torch.arange(6), classes].log().mean()
    paid = dict(model.step([turn]))["encoder"]
    assert paid.item() == pytest.approx((fooled + missed).item(), rel=1e-5)
    assert turn.notes["labelled_loss"].item() == pytest.approx(missed.item(), rel=1e-5)


def test_with_labels_there_is_a_category_for_each_class(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.categories: 4; with labels it is one a class: 3"):
        labelled(tmp_path, classes=3, categories=4)
    with pytest.raises(UserError, match=r"model\.labels: 6 for 0 classes: aae needs two classes or more"):
        labelled(tmp_path, classes=0)
