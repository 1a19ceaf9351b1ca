"""Coupled GANs: what is shared, and who pays for what."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import softplus

from pipeline.systems.cogan import Model
from tests.building import build
from tests.conftest import tiny, write_params


@pytest.fixture
def model(tmp_path: Path) -> Model:
    torch.manual_seed(0)
    return build(write_params(tiny("cogan-mnist"), tmp_path)).eval()


def test_both_images_come_of_one_z_and_differ_in_the_last_layer_alone(model: Model) -> None:
    z = torch.rand(3, 100)
    image, other = model.generators(z)
    common = model.generators.common(z)
    torch.testing.assert_close(image, model.generators.image(common))
    torch.testing.assert_close(other, model.generators.other(common))
    assert image.shape == other.shape == (3, 1, 28, 28)


def test_discriminators_have_a_first_layer_of_their_own(model: Model) -> None:
    one, other = model.judge_images, model.judge_other
    assert one.common is other.common
    assert one.first[0].weight is not other.first[0].weight


def test_the_losses_are_the_sums_of_two_games(model: Model) -> None:
    z, images, other = torch.rand(4, 100), torch.rand(4, 1, 28, 28), torch.rand(4, 1, 28, 28)
    batch = {"images": images, "other": other}
    turn = SimpleNamespace(batch=batch, index=0, draw=lambda _: z, note=lambda **_: None)
    moves = dict(model.step([turn]))
    fakes = model.generators(z)
    judges = model.judge_images, model.judge_other
    rows = zip(judges, (images, other), fakes, strict=True)
    judged = [(judge(real), judge(fake)) for judge, real, fake in rows]
    told = sum((softplus(-real) + softplus(fake)).mean() for real, fake in judged)
    fooled = sum(softplus(-fake).mean() for _, fake in judged)
    assert list(moves) == ["discriminators", "generators"]
    assert moves["discriminators"].item() == pytest.approx(told.item(), rel=1e-5)
    assert moves["generators"].item() == pytest.approx(fooled.item(), rel=1e-5)


def test_one_file_gives_the_pair(model: Model) -> None:
    exports = model.exports(model.shipped())
    assert list(exports) == ["generator"]
    assert {name: field.about["of"] for name, field in exports["generator"].outputs.items()} == {
        "image": "images",
        "other": "other",
    }
