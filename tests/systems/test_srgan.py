"""SRGAN: its two phases and their losses written out, its networks, and what it can't be given."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pipeline import systems
from pipeline.errors import UserError
from pipeline.systems.srgan import Discriminator, Generator, LossNetwork, Model
from tests.building import build, image_fields
from tests.conftest import tiny, write_params
from tests.systems.losses import softplus


def built(folder: Path, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("srgan-mnist")
    content["model"] |= {"pixel_phase": 0.6, "adversarial": 0.01} | changes
    return build(write_params(content, folder)).eval()


def moves(model: Model, progress: float) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor, Tensor]:
    """What each player pays at that point of the run, what is noted, and the images and what they are of."""
    notes: dict[str, Tensor] = {}
    image, source = torch.rand(8, 1, 32, 32) * 2 - 1, torch.rand(8, 1, 8, 8) * 2 - 1
    batch = {"images": image, "source": source, "labels": torch.zeros(8, dtype=torch.int64)}
    turn = SimpleNamespace(batch=batch, index=0, progress=progress, note=lambda **said: notes.update(said))
    return dict(model.step([turn])), notes, image, source


def test_at_first_the_pixels_alone_count_and_the_loss_network_learns_quarter_turns(tmp_path: Path) -> None:
    """Ledig et al. 2017, eq. (4); Gidaris et al. 2018, eq. (2)."""
    model = built(tmp_path)
    paid, notes, image, source = moves(model, 0.59)
    assert list(paid) == ["generator", "loss_network"]
    error = (model.generator(source) - image).square().mean()
    assert paid["generator"].item() == pytest.approx(error.item(), rel=1e-5)
    once, twice = image.flip(3).transpose(2, 3), image.flip(2, 3)  # counter-clockwise
    turned = torch.cat([image[0::4], once[1::4], twice[2::4], once.flip(2, 3)[3::4]])
    told = cross_entropy(model.loss_network(turned), torch.arange(4).repeat_interleave(2))
    assert paid["loss_network"].item() == pytest.approx(told.item(), rel=1e-5)
    assert set(notes) == {"pixel_loss", "turn_loss"}


def test_then_features_and_the_game_count_and_the_loss_network_stays_as_it_is(tmp_path: Path) -> None:
    """Ledig et al. 2017, eqs. (2), (3), (5) and (6)."""
    model = built(tmp_path)
    paid, notes, image, source = moves(model, 0.6)
    assert list(paid) == ["discriminator", "generator"]
    fake = model.generator(source)
    real_logits, fake_logits = (model.discriminator(one, None) for one in (image, fake))
    told = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    assert paid["discriminator"].item() == pytest.approx(told.item(), rel=1e-5)
    wanted, found = (model.loss_network.features(one) for one in (image, fake))
    content = (found - wanted).square().mean() / wanted.var()
    expected = content + 0.01 * softplus(-fake_logits).mean()
    assert paid["generator"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert notes["content_loss"].item() == pytest.approx(content.item(), rel=1e-5)


def test_the_generator_has_the_published_layers_and_takes_any_size() -> None:
    """Figure 4: conv9, 16 blocks of 64 maps, skip, two doublings by pixels that are moved, conv9."""
    network = Generator(3, 3, 64, 16)
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.kernel_size[0] for layer in layers] == [9, *[3] * 35, 9]
    assert [layer.out_channels for layer in layers] == [*[64] * 34, 256, 256, 3]
    kinds = [type(layer) for layer in network.modules()]
    assert [kinds.count(kind) for kind in (nn.BatchNorm2d, nn.PReLU, nn.PixelShuffle)] == [33, 19, 2]
    assert Generator(1, 3, 4, 1)(torch.rand(2, 1, 5, 9)).shape == (2, 3, 20, 36)


def test_what_goes_in_reaches_the_picture_past_the_blocks() -> None:
    network, image = Generator(1, 1, 8, 1).eval(), torch.rand(1, 1, 8, 8)
    network.blocks[-1].register_forward_hook(lambda _, given, made: made * 0)
    assert not torch.allclose(network(image), network(image.flip(3)), atol=1e-3)


def test_the_discriminator_has_the_published_layers() -> None:
    network = Discriminator(3, 64, 96)
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert [layer.weight.shape[0] for layer in layers] == [64, 64, 128, 128, 256, 256, 512, 512, 1024, 1]
    assert [layer.stride[0] for layer in layers[:8]] == [1, 2, 1, 2, 1, 2, 1, 2]
    assert network(torch.rand(2, 3, 96, 96), None).shape == (2,)


def test_features_are_taken_before_the_activation() -> None:
    features = LossNetwork(1, 4, 32).features(torch.rand(2, 1, 32, 32))
    assert features.shape == (2, 16, 8, 8)
    assert features.min() < 0


def test_pairs_of_other_sizes_are_refused(tmp_path: Path) -> None:
    params = write_params(tiny("srgan-mnist"), tmp_path)
    with pytest.raises(UserError, match=r"4 times as large, and source has 32 .* images 32; choose small_"):
        systems.build(params, image_fields(1, 32, 10))
