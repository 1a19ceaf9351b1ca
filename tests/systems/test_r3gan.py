"""R3GAN: widths, how it starts, how it resamples, what the class does, and the sizes it goes up to."""

import math
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from pipeline.export.to_onnx import TOLERANCE, as_onnx
from pipeline.networks.widths import capped
from pipeline.systems.r3gan import Block, Resampling
from tests.systems import stepping
from tests.systems.stepping import stepped

params_of = partial(stepping.params_of, "r3gan-colour")
built = partial(stepping.built, "r3gan-colour")


def test_widths_are_the_published_ones() -> None:
    """CIFAR-10, FFHQ-64 and FFHQ-256 (Huang et al. 2024, appendix), from 4x4 pixels up."""
    assert capped(768, 768, 32) == [768] * 4
    assert capped(384, 768, 64) == [768] * 4 + [384]
    assert capped(96, 768, 256) == [768] * 4 + [384, 192, 96]


def test_a_block_starts_as_nothing_and_smaller_the_more_there_are() -> None:
    torch.manual_seed(0)
    block, x = Block(64, 16), torch.randn(2, 64, 4, 4)
    assert torch.equal(block(x), x)
    wide, grouped, last = (layer for layer in block.layers if isinstance(layer, nn.Conv2d))
    assert grouped.groups == 8  # of 16 maps each
    gain = math.sqrt(2 / 1.04) / 2  # 16^(-1/4) is a half
    assert wide.weight.std().item() == pytest.approx(gain / 8, rel=0.05)
    assert grouped.weight.std().item() == pytest.approx(gain / 12, rel=0.05)
    assert last.bias is None


def test_pixels_are_resampled_by_1_3_3_1() -> None:
    x = torch.randn(2, 5, 8, 8)
    up = Resampling(5, up=True)(x)
    between = interpolate(x, scale_factor=2, mode="bilinear")  # the same but at the rim
    torch.testing.assert_close(up[..., 1:-1, 1:-1], between[..., 1:-1, 1:-1])
    kernel = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    expected = torch.einsum("nchw,h,w->nc", x[..., 1:5, 3:7], kernel, kernel)
    torch.testing.assert_close(Resampling(5, up=False)(x)[..., 1, 2], expected)


def test_a_logit_is_of_the_numbers_of_an_image_and_of_its_class(tmp_path: Path) -> None:
    critic, x = built(tmp_path).discriminator, torch.randn(3, 3, 32, 32)
    labels = torch.tensor([0, 9, 4])
    numbers = critic.last(critic.features(x, labels))
    assert numbers.shape == (3, 64)
    expected = torch.einsum("nd,nd->n", numbers, critic.table.weight[labels])
    torch.testing.assert_close(critic(x, labels), expected)


def test_without_classes_the_label_is_not_used(tmp_path: Path) -> None:
    model, other = built(tmp_path, conditional=False), torch.tensor([1, 2])
    z, x, labels = torch.randn(2, 64), torch.randn(2, 3, 32, 32), torch.zeros(2, dtype=torch.int64)
    assert torch.equal(model.sample(z, labels), model.sample(z, other))
    assert torch.equal(model.discriminator(x, labels), model.discriminator(x, other))
    assert list(model.exports(model.shipped())["generator"].inputs) == ["z"]
    told = built(tmp_path)
    assert not torch.equal(told.sample(z, labels), told.sample(z, other))
    assert list(told.exports(told.shipped())["generator"].inputs) == ["z", "label"]


def test_it_ships_what_it_draws_within_limits(tmp_path: Path) -> None:
    model, z, labels = built(tmp_path), torch.randn(8, 64), torch.arange(8)
    drawn = model.sample(z, labels)
    assert drawn.abs().max() > 1
    shown = model.exports(model.shipped())["generator"].network(z, labels)
    torch.testing.assert_close(shown, drawn.clamp(-1, 1))


@pytest.mark.slow
@pytest.mark.parametrize("size", [64, 128, 256])
def test_a_step_at_a_large_size_exports_what_torch_draws(size: int, tmp_path: Path) -> None:
    model = stepped(params_of(tmp_path, size))
    _, difference = as_onnx(model.exports(model.shipped())["generator"], 0)
    assert difference < TOLERANCE
