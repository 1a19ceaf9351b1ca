"""pix2pix: its losses written out, its U-Net, and what it can't be given."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from pipeline import systems
from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.fields import image
from pipeline.networks.unet import UNet
from pipeline.systems.pix2pix import Model
from pipeline.training.run import check
from tests.building import build, image_fields
from tests.conftest import tiny, write_params
from tests.systems.losses import softplus


def built(folder: Path, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("pix2pix-edges")
    content["model"] |= {"l1": 30.0} | changes
    return build(write_params(content, folder))


def test_the_losses_are_those_of_the_paper(tmp_path: Path) -> None:
    """Isola et al. 2017, eqs. (1), (3) and (4), the discriminator's halved, non-saturating."""
    model, notes = built(tmp_path).eval(), {}  # without dropout
    image, source = torch.rand(2, 4, 1, 32, 32) * 2 - 1
    turn = SimpleNamespace(
        batch={"images": image, "source": source}, index=0, note=lambda **said: notes.update(said)
    )
    moves = dict(model.step([turn]))
    fake = model.generator(source)
    judge = model.pair_discriminator.layers
    real_logits, fake_logits = (judge(torch.cat([one, source], 1)) for one in (image, fake))
    told = (softplus(-real_logits).mean() + softplus(fake_logits).mean()) / 2
    distance = (fake - image).abs().mean()
    paid = softplus(-fake_logits).mean() + 30 * distance
    assert list(moves) == ["pair_discriminator", "generator"]
    assert moves["pair_discriminator"].item() == pytest.approx(told.item(), rel=1e-5)
    assert moves["generator"].item() == pytest.approx(paid.item(), rel=1e-5)
    assert notes["l1_loss"].item() == pytest.approx(distance.item(), rel=1e-5)


@pytest.mark.parametrize(("size", "maps"), [(16, [8, 16, 32, 64]), (64, [8, 16, 32, 64, 64, 64])])
def test_the_u_net_goes_down_to_one_pixel_and_has_the_published_widths(size: int, maps: list[int]) -> None:
    network, sizes = UNet(1, 3, 8, size), []
    for layer in network.down:
        layer.register_forward_hook(lambda _, given, made: sizes.append(made.shape[2]))
    assert network(torch.rand(2, 1, size, size)).shape == (2, 3, size, size)
    assert sizes[-1] == 1
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == maps


def test_an_edge_reaches_the_picture_past_the_innermost_pixel() -> None:
    network, image = UNet(1, 1, 8, 32).eval(), torch.rand(1, 1, 32, 32)
    last = network.down[-1]
    last.register_forward_hook(lambda _, given, made: made * 0)
    assert not torch.allclose(network(image), network(image.flip(3)), atol=1e-3)


def test_only_the_three_innermost_layers_drop_and_in_training_alone() -> None:
    network, image = UNet(1, 1, 8, 32), torch.rand(1, 1, 32, 32)
    layers = [any(isinstance(part, nn.Dropout) for part in layer) for layer in network.up]
    assert layers == [True, True, True, False]
    assert not torch.equal(network(image), network(image))
    network.eval()
    assert torch.equal(network(image), network(image))


def test_what_an_image_becomes_hangs_on_no_other(tmp_path: Path) -> None:
    """The trap of batch norm: the file that ships would not do what was trained."""
    generator = built(tmp_path).generator
    for layer in generator.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    images = torch.rand(5, 1, 32, 32)
    together = generator.train()(images)
    assert torch.allclose(together[:1], generator(images[:1]), atol=1e-5)
    assert torch.allclose(together, generator.eval()(images), atol=1e-5)


def test_what_the_networks_cannot_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.halvings: 4 leave nothing of an image of 32 .* at most 3"):
        built(tmp_path, halvings=4)
    params = write_params(tiny("pix2pix-edges"), tmp_path)
    fields = image_fields(1, 32, 10) | {"source": image(1, 8)}
    with pytest.raises(UserError, match="source has 8 pixels a side, images 32; choose other pairs"):
        systems.build(params, fields)


def test_data_without_pairs_are_refused(tmp_path: Path, prepared_digits: Any) -> None:
    content = tiny("pix2pix-edges")
    content["data"] |= {"dataset": "digits", "path": None}
    params = write_params(content, tmp_path)
    data = Prepared.open(prepared_digits(params.data))
    with pytest.raises(UserError, match=r"pix2pix needs the field source \(image\), and digits has images"):
        check(params, data)
