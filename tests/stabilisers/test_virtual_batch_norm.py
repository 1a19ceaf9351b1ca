"""What a virtual batch norm measured is saved and loaded with the weights."""

import copy

import torch
from torch import nn

from pipeline.stabilisers.virtual_batch_norm import ReferenceBatch, VirtualBatchNorm, make_virtual


def test_the_measured_statistics_go_with_the_weights() -> None:
    torch.manual_seed(0)
    norm = VirtualBatchNorm(nn.BatchNorm1d(5), 8)
    other, x = copy.deepcopy(norm), 3 * torch.randn(10, 5) + 1
    norm.train()(x)
    assert set(norm.state_dict()) == {"weight", "bias", "running_mean", "running_var"}
    other.load_state_dict(norm.state_dict())
    assert torch.equal(other.eval()(x), norm.eval()(x))
    torch.testing.assert_close(norm.running_mean, x[:8].mean(0))
    torch.testing.assert_close(norm.running_var, x[:8].var(0, unbiased=False))


def test_the_reference_batch_goes_with_the_weights() -> None:
    reference = ReferenceBatch(torch.randn(3, 4), torch.arange(3))
    other = ReferenceBatch(torch.zeros(3, 4), torch.zeros(3, dtype=torch.int64))
    other.load_state_dict(reference.state_dict())
    assert torch.equal(other.z, reference.z)
    assert torch.equal(other.labels, reference.labels)


def test_every_batch_norm_becomes_virtual_and_nothing_else_changes() -> None:
    network = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Sequential(nn.BatchNorm2d(2), nn.ReLU()))
    weights = [id(weight) for weight in network.parameters()]
    make_virtual(network, 3)
    kinds = [type(layer) for layer in network.modules() if not list(layer.children())]
    assert kinds == [nn.Linear, VirtualBatchNorm, VirtualBatchNorm, nn.ReLU]
    assert [id(weight) for weight in network.parameters()] == weights
