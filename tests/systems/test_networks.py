"""The networks: the published sizes, and that the forms written here compute what the papers say."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from pipeline.params import Params
from pipeline.streams import draw
from pipeline.training.fixed_inputs import image_of
from tests.building import build
from tests.conftest import PRESETS, preset, tiny, write_params
from tests.systems.losses import discriminator_loss, generator_loss

CHANNELS = {"dcgan-celeba": 3, "dcgan-cifar10": 3}


def params_of(name: str, tmp_path: Any) -> Params:
    return write_params(preset(name), tmp_path)


@pytest.mark.parametrize("name", PRESETS)
def test_images_and_logits_have_their_shapes(name: str, tmp_path: Any) -> None:
    params = write_params(tiny(name), tmp_path)
    channels = CHANNELS.get(name, 1)
    model = build(params, channels, 10)
    network, inputs, outputs = model.exports(model.shipped())["generator"]
    labels, source = torch.tensor([0, 9, 4]), torch.Generator()
    fed = [
        torch.rand(3, *field.shape)
        if field.kind == "image"
        else labels
        if field.kind == "label"
        else torch.arange(12).reshape(3, 4) % 4
        if field.kind == "text"
        else draw(field, 3, source)
        for field in inputs.values()
    ]
    images = image_of(network(*fed))
    axes = 3 if next(iter(outputs.values())).kind == "voxels" else 2
    assert images.shape == (3, channels, *[params.data.size] * axes)
    assert images.abs().max() <= 1
    assert params.model.conditional == any(field.kind == "label" for field in inputs.values())
    if hasattr(model, "discriminator"):
        assert model.discriminator(images, labels).shape == (3,)


# (maps of the generator, maps of the discriminator) at each convolution, as published; the classic
# discriminator has one of 64 for the image and one of 64 for the label
PUBLISHED = {
    "dcgan-mnist": ([1024, 512, 256, 128, 1], [1, 128, 256, 512, 1024, 1]),
    "dcgan-celeba": ([512, 256, 128, 64, 3], [3, 64, 128, 256, 512, 1]),
    "dcgan28-mnist": ([256, 128, 64, 1], [1, 64, 128]),
    "cdcgan-classic": ([512, 256, 128, 1], [1, 64, 64, 256, 512, 1]),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_widths_are_the_published_ones(name: str, tmp_path: Any) -> None:
    model = build(params_of(name, tmp_path), CHANNELS.get(name, 1), 10)

    def maps(network: nn.Module) -> list[int]:
        layers = [x for x in network.modules() if isinstance(x, nn.Conv2d | nn.ConvTranspose2d)]
        return [layers[0].in_channels, *(layer.out_channels for layer in layers)]

    assert (maps(model.generator), maps(model.discriminator)) == PUBLISHED[name]


def test_gan_mnist_has_the_published_layers(tmp_path: Any) -> None:
    model = build(params_of("gan-mnist", tmp_path), 1, 10)

    def sizes(network: nn.Module) -> list[int]:
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        return [layers[0].in_features, *(layer.out_features for layer in layers)]

    assert sizes(model.generator) == [100, 256, 512, 784]
    assert sizes(model.discriminator) == [784, 256, 100, 1]


def test_classic_label_maps_are_a_convolution_of_one_hot_planes(tmp_path: Any) -> None:
    discriminator = build(params_of("cdcgan-classic", tmp_path), 1, 10).discriminator.eval()
    images, labels = torch.randn(4, 1, 32, 32), torch.tensor([3, 0, 9, 3])
    planes = nn.functional.one_hot(labels, 10).float()[:, :, None, None].expand(-1, -1, 32, 32)
    joined = torch.cat([discriminator.from_image(images), discriminator.from_label(planes)], dim=1)
    expected = discriminator.last(discriminator.layers(joined)).reshape(-1)
    torch.testing.assert_close(discriminator(images, labels), expected)


def test_classic_starts_are_transposed_convolutions_of_1x1_maps(tmp_path: Any) -> None:
    generator = build(params_of("cdcgan-classic", tmp_path), 1, 10).generator
    z, labels = torch.randn(5, 100), torch.arange(5)
    of_z = nn.functional.conv_transpose2d(
        z[:, :, None, None], generator.from_z.weight.T.reshape(100, 256, 4, 4)
    )
    torch.testing.assert_close(generator.from_z(z).reshape(-1, 256, 4, 4), of_z, atol=1e-5, rtol=1e-4)
    one_hot = nn.functional.one_hot(labels, 10).float()[:, :, None, None]
    of_label = nn.functional.conv_transpose2d(one_hot, generator.from_label.weight.reshape(10, 256, 4, 4))
    torch.testing.assert_close(generator.from_label(labels).reshape(-1, 256, 4, 4), of_label)


def test_the_flagship_discriminator_is_a_projection(tmp_path: Any) -> None:
    """f(x, y) = psi(phi(x)) + <V_y, phi(x)> (Miyato and Koyama 2018, eq. (3))."""
    d = build(params_of("cdcgan", tmp_path), 1, 10).discriminator.eval()
    x, labels = torch.randn(6, 1, 32, 32), torch.tensor([0, 1, 2, 7, 8, 9])
    phi = d.features(x, labels)
    expected = d.linear(phi)[:, 0] + torch.einsum("nd,nd->n", d.embedding.weight[labels], phi)
    torch.testing.assert_close(d(x, labels), expected)


def test_modulated_batch_norm_is_the_same_in_training_and_evaluation(tmp_path: Any) -> None:
    """With the batch's own statistics as the running ones, both forms give the same result."""
    norm = build(params_of("cdcgan", tmp_path), 1, 10).generator.maps.norms[0]
    nn.init.normal_(norm.class_gain.weight)
    nn.init.normal_(norm.class_bias.weight)
    x = torch.randn(64, norm.norm.num_features, 4, 4) * 3 + 1
    z, labels = torch.randn(64, 100), torch.arange(64) % 10
    trained = norm.train()(x, z, labels)
    norm.norm.running_mean = x.mean((0, 2, 3))
    norm.norm.running_var = x.var((0, 2, 3), unbiased=False)
    torch.testing.assert_close(norm.eval()(x, z, labels), trained, atol=1e-4, rtol=1e-4)


def test_spectral_norm_holds_every_layer_of_the_discriminator_near_one(tmp_path: Any) -> None:
    content = preset("cdcgan")
    content["stabilisers"]["spectral_norm"] = True
    model = build(write_params(content, tmp_path), 1, 10)
    x, labels = torch.randn(8, 1, 32, 32), torch.arange(8)
    for _ in range(100):  # each pass is one power iteration
        model.discriminator(x, labels)
    norms = {
        name: torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2).item()
        for name, layer in model.discriminator.eval().named_modules()
        if hasattr(layer, "parametrizations")
    }
    assert len(norms) == 7
    assert all(norm == pytest.approx(1, abs=0.02) for norm in norms.values()), norms


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_real_images_under_a_wrong_label_are_fakes_too(tmp_path: Any, share: float) -> None:
    content = tiny("cdcgan")
    content["model"]["mismatched"] = share
    model = build(write_params(content, tmp_path), 1, 2)  # of two classes one is wrong
    labels = torch.tensor([0, 1, 1, 0])
    real, fake = torch.randn(2, 4, 1, 32, 32)
    found = discriminator_loss(model, real, fake, labels).loss
    parts = [softplus(model.discriminator(x, y)).mean() for x, y in ((fake, labels), (real, 1 - labels))]
    expected = softplus(-model.discriminator(real, labels)).mean() + (1 - share) * parts[0] + share * parts[1]
    torch.testing.assert_close(found, expected)


def test_without_spectral_norm_weights_are_free(tmp_path: Any) -> None:
    model = build(params_of("cdcgan", tmp_path), 1, 10)
    assert not any(hasattr(layer, "parametrizations") for layer in model.modules())


@pytest.mark.parametrize("name", ["cdcgan", "cdcgan-classic", "cgan-mnist"])
def test_the_label_changes_picture_and_logit(name: str, tmp_path: Any) -> None:
    params = write_params(tiny(name), tmp_path)
    torch.manual_seed(0)
    model = build(params, 1, 10)
    with torch.no_grad():  # conditional gains start equal
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    z = torch.randn(1, 100).expand(2, -1)
    images = model.eval().sample(z, torch.tensor([0, 1]))
    assert not torch.allclose(images[0], images[1])
    logits = model.discriminator(images[:1].expand(2, -1, -1, -1), torch.tensor([0, 1]))
    assert logits[0] != logits[1]


def test_the_generators_step_does_not_move_the_discriminator(tmp_path: Any) -> None:
    model = build(write_params(tiny("cdcgan"), tmp_path), 1, 10)
    labels = torch.arange(4)
    real = torch.rand(4, 1, 32, 32) * 2 - 1
    fake = model.sample(torch.randn(4, 100), labels)
    discriminator_loss(model, real, fake.detach(), labels).loss.backward()
    assert all(parameter.grad is None for parameter in model.generator.parameters())
    generator_loss(model, real, fake, labels).loss.backward()
    assert all(parameter.grad is not None for parameter in model.generator.parameters())
