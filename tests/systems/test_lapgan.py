"""LAPGAN: what each level is taught and pays, and that the file is all levels, one after the other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import softplus

from pipeline.errors import UserError
from pipeline.loading import load
from pipeline.streams import draw, stream
from pipeline.systems.lapgan import Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.turns import turn_of


def built(folder: Path, levels: int = 2, size: int = 8, channels: int = 1, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("lapgan-mnist")
    content["data"] |= {"size": size}
    content["model"] |= {"levels": levels, "z_dim": 5, "dropout": 0.0} | changes
    players, adam = content["train"]["players"], {"lr": 1e-3, "betas": [0.5, 0.9]}
    players.clear()
    for level in range(1, levels + 1):
        players |= {f"generator_{level}": adam, f"discriminator_{level}": adam}
    return build(write_params(content, folder), channels)


def turn_for(model: Model) -> Any:
    """Six images and the z that goes with them."""
    z = draw(model.latent, 6, stream(0, "latent"))
    return turn_of(lambda _: z, z=z, step=16)


def halved(x: Tensor) -> Tensor:
    """The means of 2x2 pixels."""
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def doubled(x: Tensor) -> Tensor:
    """Each pixel four times."""
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def judged(model: Model, turn: Any) -> list[list[Tensor]]:
    """What the discriminator of each level is given in a step: real, fake, fake once more for its maker."""
    seen: list[list[Tensor]] = [[] for _ in model.discriminators]
    hooks = [
        each.register_forward_hook(lambda _, given, __, at=at: at.append(given[0].detach()))
        for each, at in zip(model.discriminators, seen, strict=True)
    ]
    list(model.step([turn]))
    for hook in hooks:
        hook.remove()
    return seen


@pytest.mark.parametrize("channels", [1, 3])
def test_details_are_judged_on_their_coarse_image_which_is_a_real_one(tmp_path: Path, channels: int) -> None:
    """Never alone: Denton et al. 2015, section 2.3, where the coarse image is added before D sees them."""
    model = built(tmp_path, channels=channels)
    turn = turn_for(model)
    images = turn.batch["images"] = torch.rand(6, channels, 8, 8) * 2 - 1
    coarsest, finer = judged(model, turn)
    torch.testing.assert_close(coarsest[0], halved(images))
    torch.testing.assert_close(coarsest[1], model.generator.coarsest(turn.z[:, :5]))
    torch.testing.assert_close(finer[0], images)
    coarse = doubled(halved(images))
    noise = turn.z[:, 5:].reshape(6, 1, 8, 8)
    expected = coarse + model.generator.refiners[0].layers(torch.cat([noise, coarse], 1))
    for fake in finer[1:]:
        torch.testing.assert_close(fake, expected)


def test_each_level_is_a_game_of_its_own(tmp_path: Path) -> None:
    model = built(tmp_path)
    turn = turn_for(model)
    seen, moves = judged(model, turn), list(model.step([turn]))
    coarsest, finer = (["discriminator_1", "generator_1"], ["discriminator_2", "generator_2"])
    assert [name for name, _ in moves] == coarsest + finer
    for level, (real, fake, _) in enumerate(seen):
        of_real, of_fake = model.discriminators[level](real), model.discriminators[level](fake)
        told = (softplus(-of_real) + softplus(of_fake)).mean().item()
        assert moves[2 * level][1].item() == pytest.approx(told, rel=1e-5)
        assert moves[2 * level + 1][1].item() == pytest.approx(softplus(-of_fake).mean().item(), rel=1e-5)
        assert turn.notes[f"level_{level + 1}_d_loss"].item() == pytest.approx(told, rel=1e-5)


def test_the_finer_levels_move_at_one_step_of_so_many(tmp_path: Path) -> None:
    model = built(tmp_path, finer_every=3)
    turn, moves = turn_for(model), []
    for turn.step in range(5):
        moves.append(len(list(model.step([turn]))))
    assert moves == [4, 2, 2, 4, 2]


def test_no_level_moves_another(tmp_path: Path) -> None:
    model = built(tmp_path)
    players = model.players()
    for name, loss in model.step([turn_for(model)]):
        model.zero_grad()
        loss.backward()
        level = name.split("_")[1]
        moved = [other for other, one in players.items() if any(w.grad is not None for w in one.parameters())]
        assert name in moved
        assert {other.split("_")[1] for other in moved} == {level}


@pytest.mark.slow
def test_the_file_is_the_levels_one_after_the_other(exported: Callable[[str], Path]) -> None:
    folder = exported("lapgan-mnist")
    pyramid = build(load(folder / "params.yaml")).generator
    pyramid.load_state_dict(load_file(folder / "models/lapgan-mnist/shipped/generator.safetensors"))
    file = onnxruntime.InferenceSession(folder / "exported/lapgan-mnist.onnx")
    z = 5 * torch.randn(4, 100 + 8**2 + 16**2)  # far out: some pixels are cut at the ends of the range
    (found,) = file.run(["image"], {"z": z.numpy()})
    image, start = pyramid.coarsest(z[:, :100]), 100
    for refiner, size in zip(pyramid.refiners, (8, 16), strict=True):
        noise, coarse = z[:, start : start + size**2].reshape(4, 1, size, size), doubled(image)
        image, start = (coarse + refiner(noise, coarse)).clamp(-1, 1), start + size**2
    assert (image.abs() == 1).any()
    torch.testing.assert_close(torch.from_numpy(found), image.detach(), atol=1e-4, rtol=0)


def test_one_level_is_a_plain_gan(tmp_path: Path) -> None:
    model = built(tmp_path, levels=1)
    assert list(model.players()) == ["generator_1", "discriminator_1"]
    assert model.latent.shape == (5,)
    z = torch.randn(3, 5)
    assert torch.equal(model.generator(z), model.generator.coarsest(z))


def test_levels_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.levels: 3 leave nothing of an image of 8 pixels; at most 2"):
        built(tmp_path, levels=3)


def test_widths_are_the_published_ones(tmp_path: Path) -> None:
    """Two hidden layers of 1200 and 600 at the coarsest level, 64 maps in the others (section 3.1)."""
    model = built(tmp_path, hidden=1200, width=64)
    shapes = [list(w.shape) for w in model.players()["generator_1"].parameters() if w.ndim > 1]
    assert shapes == [[1200, 5], [1200, 1200], [16, 1200]]
    shapes = [list(w.shape) for w in model.players()["discriminator_1"].parameters() if w.ndim > 1]
    assert shapes == [[600, 16], [600, 600], [1, 600]]
    shapes = [list(w.shape) for w in model.players()["generator_2"].parameters() if w.ndim > 1]
    assert shapes == [[64, 2, 7, 7], [64, 64, 7, 7], [1, 64, 5, 5]]
