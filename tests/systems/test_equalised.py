"""Equalised convolutions: He's constant, and that a change of size within one is the change beside it."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from pipeline.networks.equalised import DoublingConv, EqualisedConv, HalvingConv, plain


@pytest.fixture
def x() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(2, 3, 8, 8)


def used(layer: EqualisedConv) -> Tensor:
    """The weights, times the constant of 27 inputs before a rectifier."""
    return layer.weight * (2 / 27) ** 0.5


def test_weights_start_from_a_normal_and_are_scaled_as_they_are_used(x: Tensor) -> None:
    layer = EqualisedConv(3, 500, 3)
    assert layer.weight.std().item() == pytest.approx(1, abs=0.03)
    assert not layer.bias.any()
    torch.testing.assert_close(layer(x), conv2d(x, used(layer), padding=1))
    last = EqualisedConv(3, 5, 1, gain=1)
    torch.testing.assert_close(last(x), conv2d(x, last.weight * 3**-0.5))


def test_halving_is_a_convolution_and_means(x: Tensor) -> None:
    layer = HalvingConv(3, 5)
    nn.init.normal_(layer.bias)
    expected = avg_pool2d(conv2d(x, used(layer), layer.bias, padding=1), 2)
    torch.testing.assert_close(layer(x), expected)


def test_doubling_is_each_pixel_four_times_and_a_convolution(x: Tensor) -> None:
    layer = DoublingConv(3, 5)
    nn.init.normal_(layer.bias)
    expected = conv2d(interpolate(x, scale_factor=2), used(layer), layer.bias, padding=1)
    torch.testing.assert_close(layer(x), expected)


def test_what_ships_is_plain_and_computes_the_same(x: Tensor) -> None:
    network = nn.Sequential(EqualisedConv(3, 4, 3), DoublingConv(4, 4), HalvingConv(4, 2))
    bare = plain(network)
    assert [type(layer) for layer in bare] == [nn.Conv2d, nn.ConvTranspose2d, nn.Conv2d]
    torch.testing.assert_close(bare(x), network(x))
    assert isinstance(network[0], EqualisedConv)  # which trains on
