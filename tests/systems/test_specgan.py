"""SpecGAN, told the class: the published widths, a label that counts, and what its file says of sounds."""

from pathlib import Path

import pytest
import torch
from torch import nn

from pipeline.errors import UserError
from tests.building import build
from tests.conftest import tiny, write_params


def test_the_discriminator_is_the_published_one_at_half_the_side(tmp_path: Path) -> None:
    """Donahue et al. 2019, table 4: 5x5, strides of 2, the maps doubled, and those of 4x4 last."""
    content = tiny("speech")
    content["data"]["size"] = 64
    content["model"]["discriminator_width"] = 64
    model = build(write_params(content, tmp_path))
    down = [layer for layer in model.discriminator.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in down] == [64, 128, 256, 512]
    assert {(layer.kernel_size, layer.stride) for layer in down} == {((5, 5), (2, 2))}
    mels = torch.rand(2, 1, 64, 64)
    logits = [model.discriminator(mels, torch.full((2,), digit)) for digit in (3, 4)]
    assert (logits[0] != logits[1]).all()


def test_its_file_says_what_a_sound_is_made_with(tmp_path: Path) -> None:
    model = build(write_params(tiny("speech"), tmp_path))
    export = model.exports(model.shipped())["generator"]
    about = export.outputs["mel"].about
    assert (about["of"], about["range"]) == ("images", [-1, 1])
    assert (about["rate"], about["hop"], about["window"]) == (8000, 256, 1024)
    assert export.inputs["label"].about["of"] == "labels"


def test_augmentation_of_sounds_is_refused(tmp_path: Path) -> None:
    content = tiny("speech")
    content["stabilisers"]["augmentation"] = ["cutout"]
    with pytest.raises(UserError, match="augmentation: is for pictures; specgan makes sounds"):
        build(write_params(content, tmp_path))
