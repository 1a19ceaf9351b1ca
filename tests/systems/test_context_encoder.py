"""The context encoder: its losses written out, what it ships, its networks, and what it can't be given."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from pipeline import systems
from pipeline.data.rules import hole
from pipeline.errors import UserError
from pipeline.systems.context_encoder import Filled, Generator, HoleDiscriminator, Model
from tests.building import build, image_fields
from tests.conftest import tiny, write_params
from tests.systems.losses import softplus


def built(folder: Path, **changes: Any) -> Model:
    torch.manual_seed(0)
    content = tiny("inpaint-mnist")
    content["model"] |= {"overlap": 2, "overlap_weight": 10.0, "adversarial": 0.2} | changes
    return build(write_params(content, folder)).eval()


def test_the_losses_are_those_of_the_paper(tmp_path: Path) -> None:
    """Pathak et al. 2016, eqs. (1) to (3), and ten times the error where the hole overlaps (section 3.3)."""
    model, notes = built(tmp_path), {}
    image = torch.rand(2, 1, 32, 32) * 2 - 1
    source = image.clone()
    source[:, :, 8:24, 8:24] = -1
    turn = SimpleNamespace(
        batch={"images": image, "source": source}, index=0, note=lambda **said: notes.update(said)
    )
    paid = dict(model.step([turn]))
    assert list(paid) == ["hole_discriminator", "generator"]
    fake = model.generator(source)
    windows = (one[:, :, 6:26, 6:26] for one in (image, fake))  # the hole and two pixels around
    real_logits, fake_logits = map(model.hole_discriminator, windows)
    told = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    assert paid["hole_discriminator"].item() == pytest.approx(told.item(), rel=1e-5)
    errors = (fake - image).square().sum((0, 1))
    inside, window = errors[8:24, 8:24].sum(), errors[6:26, 6:26].sum()
    distance = (inside + 10 * (window - inside)) / (2 * 20 * 20)
    assert notes["l2_loss"].item() == pytest.approx(distance.item(), rel=1e-5)
    expected = 0.8 * distance + 0.2 * softplus(-fake_logits).mean()
    assert paid["generator"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_what_ships_changes_the_hole_of_the_data_and_nothing_else() -> None:
    generator, image = Generator(1, 4, 16, 32).eval(), torch.rand(2, 1, 32, 32)
    filled = Filled(generator, slice(8, 24))(image)
    covered = hole(torch.full((1, 1, 32, 32), 255, dtype=torch.uint8))[0, 0] == 0
    assert torch.equal(filled[..., ~covered], image[..., ~covered])
    assert torch.equal(filled[..., covered], generator(image)[..., covered])


def test_every_pixel_reaches_the_hole_through_the_bottleneck() -> None:
    """Section 3.1: convolutions alone would not carry a corner across the image."""
    generator, image = Generator(3, 8, 32, 64).eval().double(), torch.rand(1, 3, 64, 64).double()
    other = image.clone()
    other[:, :, 0, 0] += 1
    assert (generator(image) - generator(other))[:, :, 40:48, 40:48].abs().min() > 0
    sizes = [layer.out_channels for layer in generator.modules() if isinstance(layer, nn.Conv2d)]
    assert sizes == [8, 16, 32, 64, 32]


@pytest.mark.parametrize(("size", "overlap"), [(16, 0), (32, 1), (128, 7)])
def test_the_discriminator_sees_the_hole_and_what_overlaps(size: int, overlap: int) -> None:
    side, halvings = size // 2 + 2 * overlap, size.bit_length() - 4
    assert HoleDiscriminator(1, 4, side, halvings)(torch.rand(3, 1, side, side)).shape == (3,)


def test_what_it_cannot_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.overlap: 9 pixels around .* of 32; at most 8"):
        built(tmp_path, overlap=9)
    params = write_params(tiny("inpaint-mnist"), tmp_path)
    with pytest.raises(UserError, match="what goes in to be what comes out but for the hole; choose hole_"):
        systems.build(params, image_fields(1, 32, 10, given=0.25))


@pytest.mark.slow
def test_the_form_for_other_programs_has_its_one_size(exported: Callable[[str], Path]) -> None:
    folder = exported("inpaint-mnist") / "exported/inpaint-mnist.parts/image-to-image/generator"
    assert [path.name for path in folder.glob("**/*.onnx")] == ["fixed.onnx"]
    pictures = np.random.default_rng(0).random((2, 3, 32, 32), np.float32)
    session = onnxruntime.InferenceSession(folder / "fixed.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"pixel_values": pictures})
    grey = np.tensordot([0.299, 0.587, 0.114], pictures, (0, 1))
    np.testing.assert_allclose(found[:, 1, :8], grey[:, :8], atol=1e-5)
    assert np.abs(found[:, 1, 8:24, 8:24] - grey[:, 8:24, 8:24]).mean() > 0.01
