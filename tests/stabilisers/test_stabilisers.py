"""The mathematics of the stabilisers, against values that are written out."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.stabilisers.feature_matching import feature_distance
from pipeline.stabilisers.historical_averaging import distance_from_history, history_of
from pipeline.stabilisers.instance_noise import add_noise, annealed
from pipeline.stabilisers.minibatch import MinibatchDeviation, MinibatchDiscrimination
from pipeline.stabilisers.virtual_batch_norm import ReferenceBatch, VirtualBatchNorm, make_virtual


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_noise_fades_linearly_to_nothing() -> None:
    assert [annealed(0.4, step, 4) for step in range(5)] == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.0])


def test_noise_has_the_deviation_asked_for_on_every_pixel() -> None:
    images = torch.rand(400, 1, 16, 16)
    noise = add_noise(images, 0.3, torch.Generator().manual_seed(1)) - images
    assert noise.std() == pytest.approx(0.3, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.005)
    assert noise.std(0).min() > 0.25


def test_feature_distance_is_that_of_the_means() -> None:
    real, fake = torch.randn(5, 2, 3), torch.randn(7, 2, 3, requires_grad=True)
    expected = ((real.numpy().mean(0) - fake.detach().numpy().mean(0)) ** 2).sum()
    assert feature_distance(real, fake).item() == pytest.approx(expected, rel=1e-5)
    feature_distance(real, fake).backward()
    gradient = 2 / 7 * (fake.detach().mean(0) - real.mean(0))  # the same for each of the seven
    torch.testing.assert_close(fake.grad, gradient.expand(7, -1, -1))


def test_minibatch_discrimination_as_published() -> None:
    """o(x_i)_b = sum over j of exp(-|M_ib - M_jb|_1), j other than i (Salimans et al. 2016, section 3.2)."""
    layer, features = MinibatchDiscrimination(6), torch.randn(4, 6)
    rows = (features @ layer.tensor.weight.T).detach().numpy().reshape(4, -1, 5)
    expected = np.zeros(rows.shape[:2])
    for i in range(4):
        for j in set(range(4)) - {i}:
            expected[i] += np.exp(-np.abs(rows[i] - rows[j]).sum(1))
    np.testing.assert_allclose(layer.likeness(features).detach().numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose(
        layer(features).detach().numpy(), expected @ layer.head.weight[0].detach().numpy(), rtol=1e-4
    )


def test_minibatch_deviation_as_published() -> None:
    layer, features = MinibatchDeviation(6), torch.randn(4, 6)
    deviation = features.numpy().std(0).mean()  # one value, the same for all of the batch
    expected = np.full(4, deviation * layer.head.weight.item())
    np.testing.assert_allclose(layer(features).detach().numpy(), expected, rtol=1e-4)


def test_minibatch_layers_tell_a_collapsed_batch() -> None:
    varied = torch.randn(8, 6)
    alike = varied[:1].expand(8, -1)
    discrimination = MinibatchDiscrimination(6)
    assert (discrimination.likeness(alike) > discrimination.likeness(varied).max()).all()
    deviation = MinibatchDeviation(6)
    assert deviation(alike).abs().max() < deviation(varied).abs().min() / 10


def test_historical_averaging_is_the_distance_from_the_mean_of_the_past() -> None:
    network = nn.Linear(3, 2)
    history, past = history_of(network), []
    for _ in range(5):
        nn.init.normal_(network.weight)
        past.append(torch.cat([value.detach().flatten().clone() for value in network.parameters()]))
        history.update_parameters(network)
    nn.init.normal_(network.weight)
    now = torch.cat([value.detach().flatten() for value in network.parameters()])
    expected = (now - torch.stack(past).mean(0)).square().sum()
    torch.testing.assert_close(distance_from_history(network, history).detach(), expected)
    distance_from_history(network, history).backward()
    gap = 2 * (now - torch.stack(past).mean(0))
    torch.testing.assert_close(network.weight.grad.flatten(), gap[:6])


@pytest.mark.parametrize("shape", [(5,), (5, 4, 4)])
def test_virtual_batch_norm_counts_the_example_as_one_more_row(shape: tuple[int, ...]) -> None:
    kind = nn.BatchNorm2d if len(shape) > 1 else nn.BatchNorm1d
    norm = VirtualBatchNorm(kind(5), 3)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x = torch.randn(3 + 2, *shape)
    found = norm.train()(x).detach().numpy()
    pixels = tuple(range(2, x.ndim))
    for row in range(5):
        rows = x[:3] if row < 3 else torch.cat([x[:3], x[row : row + 1]])
        mean, variance = (
            rows.numpy().mean((0, *pixels), keepdims=True),
            rows.numpy().var((0, *pixels), keepdims=True),
        )
        weight, bias = (value.detach().numpy().reshape(mean.shape) for value in (norm.weight, norm.bias))
        expected = (x[row].numpy() - mean) / np.sqrt(variance + norm.eps) * weight + bias
        np.testing.assert_allclose(found[row], expected[0], rtol=1e-3, atol=1e-4)


def test_virtual_batch_norm_keeps_the_reference_for_evaluation() -> None:
    norm, x = VirtualBatchNorm(nn.BatchNorm2d(5), 8), torch.randn(10, 5, 4, 4)
    norm.train()(x)
    plain = nn.BatchNorm2d(5)
    plain.running_mean, plain.running_var = x[:8].mean((0, 2, 3)), x[:8].var((0, 2, 3), unbiased=False)
    torch.testing.assert_close(norm.eval()(x), plain.eval()(x), rtol=1e-4, atol=1e-5)


class Small(nn.Module):
    """A generator with batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU())

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return self.layers(z) + labels[:, None]


def test_a_sample_does_not_depend_on_the_others_of_its_batch() -> None:
    generator, z, labels = Small().train(), torch.randn(6, 4), torch.arange(6)
    plain = copy.deepcopy(generator)
    make_virtual(generator, 3)
    reference = ReferenceBatch(torch.randn(3, 4), torch.arange(3))
    together = reference.sample(generator, z, labels)
    alone = [reference.sample(generator, z[i : i + 1], labels[i : i + 1]) for i in range(6)]
    assert together.shape == (6, 6)
    torch.testing.assert_close(together, torch.cat(alone))
    assert not torch.allclose(plain(z, labels)[:2], plain(z[:2], labels[:2]))
