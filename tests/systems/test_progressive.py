"""Progressive growing: when levels open, how they fade in, what is forgotten, and what each side pays."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.networks.pixel_norm import PixelNorm
from pipeline.params import Params
from pipeline.streams import draw, stream
from pipeline.systems.progressive import Deviation, Model
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.turns import turn_of
from tests.training.test_step import Reference, loop_of

STEPS = 20  # of a run at 8 pixels: 6 at one level, 6 in which the second fades in, 8 with both


def params_of(folder: Path, size: int = 8, **changes: Any) -> Params:
    content = tiny("progressive-mnist")
    content["data"]["size"] = size
    content["model"] |= {"z_dim": 6, "width": 4, "growing": 0.6} | changes
    content["train"] |= {"batch": 6, "epochs": STEPS // 4, "ema_half_life": 0.2}
    return write_params(content, folder)


def built(folder: Path, size: int = 8, channels: int = 1, **changes: Any) -> Model:
    torch.manual_seed(0)
    return build(params_of(folder, size, **changes), channels)


def turn_at(model: Model, step: int) -> Any:
    z, noise = draw(model.latent, 6, stream(0, "latent")), stream(0, "penalty")
    turn = turn_of(
        lambda _: z, z=z, step=step, steps=STEPS, stream=lambda _: noise, device=torch.device("cpu")
    )
    turn.optimisers = {}
    return turn


def halved(x: Tensor) -> Tensor:
    """The means of 2x2 pixels."""
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def doubled(x: Tensor) -> Tensor:
    """Each pixel four times."""
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def test_levels_open_one_after_the_other(tmp_path: Path) -> None:
    """4x4, then for 8x8, 16x16 and 32x32 a phase that fades in and one as it is: the last stays."""
    model = built(tmp_path, size=32)
    grown = [model.growth(step, 100) for step in range(100)]
    assert [level for level, _ in grown] == [0] * 10 + [1] * 20 + [2] * 20 + [3] * 50
    assert [alpha for _, alpha in grown[:10] + grown[20:30] + grown[40:50] + grown[60:]] == [1.0] * 70
    for first in (10, 30, 50):
        fading = [alpha for _, alpha in grown[first : first + 10]]
        assert fading == pytest.approx([share / 10 for share in range(10)])
    assert built(tmp_path, growing=0.0).growth(0, 100) == (1, 1.0)


def test_a_level_that_has_just_opened_changes_nothing(tmp_path: Path) -> None:
    model = built(tmp_path, size=16)
    z, x = torch.randn(3, 6), torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(model.generator(z, 2, 0.0), doubled(model.generator(z, 1)))
    seen = model.discriminator(x, level=2, alpha=0.0)
    torch.testing.assert_close(seen, model.discriminator(halved(x), level=1))


def test_a_level_fades_in_as_a_share(tmp_path: Path) -> None:
    """Figure 2: of the images on the way out, and of what the critic's next block is given."""
    model = built(tmp_path)
    z, x = torch.randn(3, 6), torch.rand(3, 1, 8, 8)
    expected = 0.75 * doubled(model.generator(z, 0)) + 0.25 * model.generator(z, 1)
    torch.testing.assert_close(model.generator(z, 1, 0.25), expected)
    critic, given = model.discriminator, []
    hook = critic.blocks[0].register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    critic(x, level=1, alpha=0.25)
    hook.remove()
    whole = critic.blocks[1](critic.from_image[1](x))
    torch.testing.assert_close(given[0], 0.75 * critic.from_image[0](halved(x)) + 0.25 * whole)


@pytest.mark.parametrize(("step", "share"), [(3, None), (6, 0.0), (9, 0.5), (12, 1.0), (19, 1.0)])
def test_real_images_fade_as_the_fakes_do(tmp_path: Path, step: int, share: float | None) -> None:
    model = built(tmp_path)
    turn, seen = turn_at(model, step), []
    hook = model.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    next(model.step([turn]))
    hook.remove()
    images = turn.batch["images"]
    coarse = halved(images)
    expected = coarse if share is None else (1 - share) * doubled(coarse) + share * images
    torch.testing.assert_close(seen[0], expected)
    assert seen[1].shape == seen[0].shape
    assert turn.notes["levels"].item() == pytest.approx(1 if share is None else 1 + share)


def test_optimisers_forget_when_a_level_opens_and_at_no_other_step(tmp_path: Path) -> None:
    loop = loop_of(params_of(tmp_path))
    ages = []
    for _ in range(STEPS):
        loop.step()
        known = [list(each.state.values()) for each in loop.state.optimisers.values()]
        ages.append([max(int(one["step"]) for one in of_player) for of_player in known])
    assert loop.steps == STEPS
    assert ages == [[age, age] for age in (*range(1, 7), *range(1, 15))]


def test_a_run_goes_on_from_within_a_fade_to_the_same_bytes(tmp_path: Path) -> None:
    params = params_of(tmp_path)
    one, other = loop_of(params), loop_of(params)
    for _ in range(9):
        one.step()
    other.state.from_bytes(one.state.to_bytes())
    for _ in range(5):
        one.step()
        other.step()
    for found, expected in ((other.state.model, one.state.model), (other.state.shipped, one.state.shipped)):
        assert torch.equal(Reference.vector(found), Reference.vector(expected))


def test_the_critic_pays_for_verdicts_far_from_zero(tmp_path: Path) -> None:
    """Karras et al. 2018, appendix A.1: drift times E[D(x)^2], beside the Wasserstein loss."""
    losses = {}
    for drift in (0.0, 0.5):
        model = built(tmp_path, drift=drift)
        turn = turn_at(model, 19)
        losses[drift] = dict(model.step([turn]))
    real = model.discriminator(turn.batch["images"])
    fake = model.discriminator(model.generator(turn.z, 1))
    dearer = losses[0.5]["discriminator"] - losses[0.0]["discriminator"]
    assert dearer.item() == pytest.approx(0.5 * real.square().mean().item(), rel=1e-4)
    paid = (fake.mean() - real.mean() + 0.5 * real.square().mean()).item()
    assert turn.notes["d_loss"].item() == pytest.approx(paid, rel=1e-4)
    assert losses[0.5]["generator"].item() == pytest.approx(-fake.mean().item(), rel=1e-4)


def test_what_is_drawn_on_the_way_is_what_is_open_and_all_levels_ship(tmp_path: Path) -> None:
    model = built(tmp_path)
    z = torch.randn(3, 6)
    shown = model.exports(model.shipped())["generator"].network(z)
    torch.testing.assert_close(shown, model.generator(z, 1).clamp(-1, 1))
    next(model.step([turn_at(model, 3)]))
    shown = model.exports(model.shipped())["generator"].network(z)
    torch.testing.assert_close(shown, doubled(model.generator(z, 0)).clamp(-1, 1))


def test_pixels_are_normed_over_their_maps() -> None:
    x = torch.randn(2, 5, 3, 3)
    expected = x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()
    torch.testing.assert_close(PixelNorm(5)(x), expected)
    assert torch.isfinite(PixelNorm(5)(0 * x)).all()


def test_the_critic_sees_how_much_the_images_of_a_batch_differ() -> None:
    x = torch.randn(4, 3, 2, 2)
    deviation = x.std(0, unbiased=False).mean()
    found = Deviation()(x)
    assert torch.equal(found[:, :3], x)
    torch.testing.assert_close(found[:, 3], deviation.expand(4, 2, 2))
