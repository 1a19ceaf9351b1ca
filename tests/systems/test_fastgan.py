"""FastGAN: gates, skips, what its discriminator redraws and pays, and the sizes it goes up to."""

from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate

from pipeline.export.to_onnx import TOLERANCE, as_onnx
from pipeline.networks.equalised import DoublingConv
from pipeline.systems.fastgan import Gated
from tests.systems import stepping
from tests.systems.losses import discriminator_loss
from tests.systems.stepping import stepped

params_of = partial(stepping.params_of, "fastgan-folder")
built = partial(stepping.built, "fastgan-folder")


def test_a_gate_lets_through_its_own_map() -> None:
    gated, x = Gated(partial(nn.Conv2d, 2, 3, 1), 3), torch.randn(5, 2, 4, 4)
    value, gate = gated.value(x), gated.gate(x)
    assert not torch.allclose(value, gate)
    torch.testing.assert_close(gated(x), value / (1 + (-gate).exp()))


def test_doubling_is_of_nearest_pixels_before_plain_weights() -> None:
    layer, x = DoublingConv(3, 4, scale=1.0), torch.randn(2, 3, 5, 5)
    expected = conv2d(interpolate(x, scale_factor=2), layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "skips"),
    [(32, []), (64, [(4, 64)]), (128, [(4, 64), (8, 128)]), (256, [(4, 64), (8, 128), (16, 256)])],
)
def test_few_pixels_scale_the_maps_of_sixteen_times_the_side(
    size: int, skips: list[tuple[int, int]], tmp_path: Path
) -> None:
    generator = built(tmp_path, size).generator.eval()
    assert list(generator.skips) == [str(small) for small, _ in skips]
    given = {}
    for side, skip in generator.skips.items():
        skip.register_forward_hook(lambda _, inputs, out, side=side: given.update({side: (inputs[0], out)}))
    into = []
    for up in generator.ups:
        up.register_forward_pre_hook(lambda _, inputs: into.append(inputs[0]))
    generator.to_image.register_forward_pre_hook(lambda _, inputs: into.append(inputs[0]))
    out = []
    for up in generator.ups:
        up.register_forward_hook(lambda _, inputs, made: out.append(made))
    with torch.no_grad():
        generator(torch.randn(1, 256), None)
    by_side = {made.shape[-1]: (made, seen) for made, seen in zip(out, into[1:], strict=True)}
    for small, large in skips:
        seen, factors = given[str(small)]
        assert seen.shape[-1] == small
        made, scaled = by_side.pop(large)
        torch.testing.assert_close(scaled, made * factors)
    assert all(torch.equal(made, seen) for made, seen in by_side.values())


def test_the_length_of_z_changes_nothing(tmp_path: Path) -> None:
    generator, z = built(tmp_path).generator.eval(), torch.randn(2, 256)
    torch.testing.assert_close(generator(3 * z, None), generator(z, None))


def test_the_discriminator_pays_for_what_it_redraws_of_real_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eq. (1) beside the hinge: the whole at half the size, and the quarter at its own."""
    model = built(tmp_path, reconstruction=2.0, conditional=True)
    critic = model.discriminator.eval()
    real, fake = torch.rand(2, 4, 3, 32, 32) * 2 - 1
    labels = torch.tensor([0, 9, 4, 4])
    monkeypatch.setattr(torch, "randint", lambda *_: torch.tensor([1, 0]))  # below, on the left
    paid = discriminator_loss(model, real, fake, labels)
    fine, coarse = critic.maps(real)
    assert (fine.shape[2:], coarse.shape[2:]) == ((16, 16), (8, 8))
    half = (real[..., ::2, ::2] + real[..., 1::2, ::2] + real[..., ::2, 1::2] + real[..., 1::2, 1::2]) / 4
    off = (critic.whole(coarse) - half).abs().mean()
    off = off + (critic.quarter(fine[..., 8:, :8]) - real[..., 16:, :16]).abs().mean()
    verdicts = critic(real, labels), critic(fake, labels)
    told = (1 - verdicts[0]).relu().mean() + (1 + verdicts[1]).relu().mean()
    torch.testing.assert_close(paid.loss, told + 2 * off)


def test_the_class_counts_where_both_are_told(tmp_path: Path) -> None:
    z, x = torch.randn(2, 256), torch.randn(2, 3, 32, 32)
    labels, other = torch.tensor([0, 1]), torch.tensor([2, 1])
    for told in (True, False):
        model = built(tmp_path, conditional=told).eval()
        assert list(model.exports(model.shipped())["generator"].inputs) == ["z", "label"][: 1 + told]
        for one, two in (
            (model.sample(z, labels), model.sample(z, other)),
            (model.discriminator(x, labels), model.discriminator(x, other)),
        ):
            assert torch.equal(one[0], two[0]) != told
            assert torch.equal(one[1], two[1])


@pytest.mark.slow
@pytest.mark.parametrize("size", [128, 256])
def test_a_step_at_a_large_size_exports_what_torch_draws(size: int, tmp_path: Path) -> None:
    model = stepped(params_of(tmp_path, size, conditional=True))
    _, difference = as_onnx(model.exports(model.shipped())["generator"], 0)
    assert difference < TOLERANCE
