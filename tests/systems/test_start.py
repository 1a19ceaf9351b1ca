"""The weights that networks start from, and what the losses say beside their value."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pipeline.networks.initialisation import dcgan_init, keras_init
from pipeline.networks.modulated import ModulatedBatchNorm2d
from pipeline.systems.adversarial import Adversarial
from tests.building import build
from tests.conftest import tiny, write_params
from tests.systems.losses import discriminator_loss, generator_loss


def built(name: str, folder: Path, **changes: Any) -> Adversarial:
    content = tiny(name)
    for section, change in changes.items():
        content[section] |= change
    return build(write_params(content, folder), 1, 10)


def test_dcgan_starts_as_published() -> None:
    """Radford et al. 2016, section 4: N(0, 0.02); gains of batch norm N(1, 0.02); no bias."""
    torch.manual_seed(0)
    layers = [nn.Linear(64, 64), nn.Embedding(64, 64), nn.Conv2d(16, 16, 4), nn.ConvTranspose2d(16, 16, 4)]
    norms = [nn.BatchNorm1d(4000), nn.BatchNorm2d(4000)]
    network = nn.ModuleList([*layers, *norms])
    for weight in network.parameters():
        nn.init.constant_(weight, 7)
    dcgan_init(network)
    for layer in [*layers, *norms]:
        mean = 1 if layer in norms else 0
        assert layer.weight.mean().item() == pytest.approx(mean, abs=2e-3)
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
        if getattr(layer, "bias", None) is not None:
            assert not layer.bias.any()


def test_keras_starts_uniform_by_glorot() -> None:
    torch.manual_seed(0)
    for layer, fans in ((nn.Linear(100, 50), 150), (nn.Conv2d(8, 4, 5), 12 * 25)):
        nn.init.constant_(layer.bias, 7)
        keras_init(nn.Sequential(layer))
        bound = (6 / fans) ** 0.5
        assert 0.98 * bound < layer.weight.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
        assert not layer.bias.any()


def test_without_z_the_class_alone_modulates() -> None:
    """Gain and bias are those of the class (1 and 0 at the start) plus a linear share of z."""
    torch.manual_seed(0)
    norm = ModulatedBatchNorm2d(4, 3, 5)
    x, labels = torch.randn(6, 4, 2, 2), torch.arange(6) % 3
    plain = nn.BatchNorm2d(4, affine=False)(x)
    torch.testing.assert_close(norm(x, torch.zeros(6, 5), labels), plain)
    z = torch.randn(6, 5)
    gain, bias = ((z @ layer.weight.T)[:, :, None, None] for layer in (norm.z_gain, norm.z_bias))
    torch.testing.assert_close(norm(x, z, labels), plain * (1 + gain) + bias)


@pytest.mark.parametrize("name", ["cdcgan", "cgan-mnist"])
def test_losses_come_with_the_logits_they_are_of(name: str, tmp_path: Path) -> None:
    changes = {"model": {"dropout": 0.0}} if name == "cgan-mnist" else {}
    model = built(name, tmp_path, **changes)
    size = model.sample(torch.randn(2, 100), torch.arange(2)).shape[-1]
    real, fake = torch.randn(2, 4, 1, size, size)
    labels = torch.arange(4)
    d, g = discriminator_loss(model, real, fake, labels), generator_loss(model, real, fake, labels)
    torch.testing.assert_close(d.real_logits, model.discriminator(real, labels))
    torch.testing.assert_close(d.fake_logits, model.discriminator(fake, labels))
    torch.testing.assert_close(g.fake_logits, model.discriminator(fake, labels))
    assert g.real_logits is None


@pytest.mark.parametrize("layer", ["discrimination", "deviation"])
def test_a_minibatch_layer_adds_to_each_logit(layer: str, tmp_path: Path) -> None:
    model = built("cdcgan", tmp_path, stabilisers={"minibatch": layer})
    critic, images, labels = model.discriminator.eval(), torch.randn(4, 1, 32, 32), torch.arange(4)
    features = critic.features(images, labels)
    expected = critic.head(features, labels) + critic.minibatch(features.flatten(1))
    torch.testing.assert_close(critic(images, labels), expected)
    assert built("cdcgan", tmp_path).discriminator.minibatch is None


def test_the_reference_batch_is_that_of_the_seed(tmp_path: Path) -> None:
    changes = {"stabilisers": {"virtual_batch_norm": True}, "train": {"batch": 6}}
    one, other = (built("cdcgan", tmp_path, **changes) for _ in range(2))
    assert (one.reference.z.shape, one.reference.labels.shape) == ((6, 100), (6,))
    assert torch.equal(one.reference.z, other.reference.z)
    assert set(one.reference.labels.tolist()) <= set(range(10))
    z, labels = torch.randn(3, 100), torch.arange(3)
    expected = one.reference.sample(one.generator, z, labels)
    torch.testing.assert_close(one.sample(z, labels), expected)
