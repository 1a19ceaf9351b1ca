"""BiGAN: the game of pairs written out, who learns from it, and that what ships fits together."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pipeline.systems.bigan import Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.turns import turn_of


@pytest.fixture
def model(tmp_path: Path) -> Model:
    torch.manual_seed(0)
    content = tiny("bigan-mnist")
    content["data"]["size"] = 8
    content["objective"]["label_smoothing"] = 0.1  # so that the sides of the game are unlike
    model = build(write_params(content, tmp_path))
    with torch.no_grad():  # weights of 0.02 say nearly the same of every pair
        for weight in model.parameters():
            weight.mul_(10)
    return model


@pytest.fixture
def turn() -> Any:
    z = torch.rand(6, 50)
    return turn_of(lambda field: z, z=z)


def test_makers_pay_the_loss_of_d_with_the_sides_exchanged(model: Model, turn: Any) -> None:
    """Donahue et al. 2017, eq. (3) and section 3.4: log D(x, E(x)) + log(1 - D(G(z), z))."""
    x = turn.batch["images"]
    moves = dict(model.step([turn]))
    real = torch.sigmoid(model.joint_discriminator(x, model.encoder(x)))
    fake = torch.sigmoid(model.joint_discriminator(model.generator(turn.z), turn.z))
    told = -(0.9 * real.log() + 0.1 * (1 - real).log()).mean() - (1 - fake).log().mean()
    fooled = -(0.9 * fake.log() + 0.1 * (1 - fake).log()).mean() - (1 - real).log().mean()
    assert list(moves) == ["joint_discriminator", "generators"]
    assert moves["joint_discriminator"].item() == pytest.approx(told.item(), rel=1e-5)
    assert moves["generators"].item() == pytest.approx(fooled.item(), rel=1e-5)
    assert abs(told - fooled) > 0.001
    assert turn.notes["d_fake_after"].item() == pytest.approx(fake.mean().item(), rel=1e-5)


def test_each_pays_for_its_own_pairs(model: Model, turn: Any) -> None:
    """D's move moves neither maker; theirs goes back into both, through the discriminator."""
    moves = model.step([turn])
    next(moves)[1].backward()
    makers = [*model.generator.parameters(), *model.encoder.parameters()]
    assert all(weight.grad is None for weight in makers)
    assert all(weight.grad is not None for weight in model.joint_discriminator.parameters())
    next(moves)[1].backward()
    assert all(weight.grad is not None for weight in makers)


def test_d_tells_pairs_whose_parts_are_the_same(model: Model) -> None:
    """Images and codes alike one by one, but put together otherwise, are other pairs."""
    x, z = torch.rand(6, 1, 8, 8) * 2 - 1, torch.rand(6, 50)
    model.eval()
    assert not torch.allclose(model.joint_discriminator(x, z), model.joint_discriminator(x, z.flip(0)))


def test_inside_z_is_centred_and_a_code_is_in_the_units_of_the_file(model: Model) -> None:
    """The published z is from U(-1, 1), a file's from U(0, 1); a code of 0 inside is one half outside."""
    seen: dict[str, Tensor] = {}
    model.generator.layers.register_forward_pre_hook(lambda _, given: seen.update(generator=given[0]))
    model.joint_discriminator.layers.register_forward_pre_hook(lambda _, given: seen.update(pair=given[0]))
    z = torch.tensor([[0.0] * 25 + [1.0] * 25, [0.5] * 50])
    model.generator(z)
    model.joint_discriminator(torch.full((2, 1, 8, 8), -1.0), z)
    assert seen["generator"][:, [0, -1]].tolist() == [[-1, 1], [0, 0]]
    assert seen["pair"][:, [0, 64, -1]].tolist() == [[0, -1, 1], [0, 0, 0]]  # black is 0
    nn.init.zeros_(model.encoder.layers.layers[-1].weight)
    with torch.no_grad():
        model.encoder.layers.layers[-1].bias.copy_(2 * z[0] - 1)
    torch.testing.assert_close(model.encoder(torch.rand(2, 1, 8, 8)), z[:1].expand(2, -1))


def test_the_generator_has_relus_and_the_others_leaks_of_a_fifth(model: Model) -> None:
    """Appendix C.1; the batch norm in the second layer is as it starts: it changes nothing."""
    model.eval()
    x, z = torch.rand(4, 1, 8, 8) * 2 - 1, torch.rand(4, 50)
    white = (x.flatten(1) + 1) / 2

    def said(network: nn.Module, given: Tensor, leak: float) -> Tensor:
        first, _, second, norm, _, last = network.layers.layers
        hidden = first(given)
        hidden = norm(second(torch.where(hidden > 0, hidden, leak * hidden)))
        return last(torch.where(hidden > 0, hidden, leak * hidden))

    image = 2 * torch.sigmoid(said(model.generator, 2 * z - 1, 0)) - 1
    torch.testing.assert_close(model.generator(z).flatten(1), image)
    torch.testing.assert_close(model.encoder(x), (said(model.encoder, white, 0.2) + 1) / 2)
    verdict = said(model.joint_discriminator, torch.cat([white, 2 * z - 1], 1), 0.2)
    torch.testing.assert_close(model.joint_discriminator(x, z), verdict[:, 0])


def test_batch_norm_is_in_the_second_layers_alone_and_has_no_weights(model: Model) -> None:
    for network in (model.generator, model.encoder, model.joint_discriminator):
        kinds = [type(layer) for layer in network.layers.layers]
        assert [place for place, kind in enumerate(kinds) if kind is nn.BatchNorm1d] == [3]
        assert not [*network.layers.layers[3].parameters()]


def test_generator_and_encoder_ship_and_one_takes_what_the_other_gives(model: Model) -> None:
    exports = model.exports(model.shipped())
    assert list(exports) == ["generator", "encoder"]
    given, taken = exports["encoder"].outputs["z"], exports["generator"].inputs["z"]
    assert (given.kind, given.shape) == (taken.kind, taken.shape)
    assert given.about["of"] == "z"
    assert list(model.others()) == ["joint_discriminator"]
