"""The represent stage: a linear classifier on what the discriminator sees."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.data.prepared import Prepared
from pipeline.fields import label
from pipeline.params import Params
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.representation import pooled_features
from stages import represent as stage
from stages import train as train_stage
from tests.building import build
from tests.conftest import tiny
from tests.scoring.conftest import save_judges

Project = Callable[[dict[str, Any]], Params]


def represented(params: Params) -> dict[str, Any]:
    train_stage.main(params)
    stage.main(params)
    return json.loads((Path("metrics") / params.name / "representation.json").read_text())


@pytest.fixture
def judged(project: Project, judges: dict[str, Judge]) -> Callable[[str], Params]:
    """A project of a preset on 8-pixel digits, with the judges in place."""

    def make(name: str) -> Params:
        content = tiny(name)
        content["data"]["size"] = 8
        params = project(content)
        save_judges(params, judges)
        return params

    return make


def test_a_dense_discriminator_is_left_out(judged: Callable[[str], Params]) -> None:
    result = represented(judged("cgan-mnist"))
    assert set(result) == {"protocol", "pixels", "judge"}
    assert 0.85 < result["pixels"] < 1
    assert 0.9 < result["judge"] <= 1
    assert "1,438 training images" in result["protocol"]


@pytest.mark.parametrize("name", ["cdcgan", "cdcgan-classic", "dcgan-mnist", "dcgan28-mnist"])
def test_each_convolution_of_the_image_gives_sixteen_numbers_a_map(project: Project, name: str) -> None:
    params = project(tiny(name))
    discriminator = build(params, 1, 10).discriminator.eval()
    size = params.data.size
    images = np.random.default_rng(0).integers(0, 256, (12, 1, size, size), np.uint8)
    maps = {"cdcgan": 4 + 8 + 16, "cdcgan-classic": 2 + 8 + 16, "dcgan-mnist": 4 + 8 + 16 + 32}
    features = pooled_features(discriminator, images, classes=10, batch=10)
    assert features.shape == (12, 16 * maps.get(name, 4 + 8))
    one = pooled_features(discriminator, images[11:], classes=10)
    np.testing.assert_allclose(one, features[11:], atol=1e-6)


def test_pooling_takes_the_largest_of_each_cell() -> None:
    network = torch.nn.Sequential(torch.nn.LeakyReLU(0.2), torch.nn.Flatten())
    discriminator = type("Seen", (torch.nn.Module,), {"forward": lambda self, x, labels: network(x)})()
    discriminator.network = network
    images = np.zeros((1, 1, 8, 8), np.uint8)
    images[0, 0, 2, 5] = 255
    expected = np.full((4, 4), -0.2, np.float32)
    expected[1, 2] = 1
    features = pooled_features(discriminator, images, classes=3)
    np.testing.assert_allclose(features.reshape(4, 4), expected)


def test_without_classes_it_says_why_not(
    judged: Callable[[str], Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    params = judged("gan-mnist")
    opened = stage.Prepared.open

    def without_classes(folder: Path) -> Prepared:
        data = opened(folder)
        return replace(data, fields=data.fields | {"labels": label([])})

    monkeypatch.setattr(stage.Prepared, "open", without_classes)
    stage.main(params)
    result = json.loads((Path("metrics") / params.name / "representation.json").read_text())
    assert result == {"protocol": "left out: digits has no classes to tell apart"}
