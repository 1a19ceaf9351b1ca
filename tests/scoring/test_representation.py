"""The represent stage: what a linear classifier reads from the networks' features, by the labels it has."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline import fields
from pipeline.data.prepared import Prepared
from pipeline.fields import Field, label
from pipeline.params import Params
from pipeline.scoring.features import hidden_features, of_encoder, pixels, pooled_features
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.representation import label_choices, linear_accuracy, representation, scaled
from stages import represent as stage
from stages import train as train_stage
from tests.building import build
from tests.conftest import tiny
from tests.scoring.conftest import save_judges

Project = Callable[[dict[str, Any]], Params]


def represented(params: Params) -> dict[str, Any]:
    train_stage.main(params)
    stage.main(params)
    return written(params)


def written(params: Params) -> dict[str, Any]:
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "learnt"),
    [
        ("gan-mnist", {"discriminator"}),
        ("ebgan-mnist", {"discriminator"}),
        ("infogan-mnist", {"discriminator"}),
        ("vae-mnist", {"encoder", "code"}),
        ("avb-mnist", {"encoder", "code"}),
        ("aae-mnist", {"encoder", "code"}),
        ("bigan-mnist", {"encoder", "code"}),
    ],
)
def test_each_network_of_images_has_a_curve(
    judged: Callable[[str], Params], name: str, learnt: set[str]
) -> None:
    params = judged(name)
    result = represented(params)
    views = {"pixels", "judge", *learnt}
    assert set(result) == {"protocol", "curve", *views}
    assert set(result["curve"]) == views
    assert "1,438 labels of digits" in result["protocol"]
    for view, points in result["curve"].items():
        draws = {count: point["draws"] for count, point in points.items()}
        assert draws == {"100": 10, "1000": 5, "1438": 1}
        assert result[view] == points["1438"]["mean"] > points["100"]["mean"]
        assert points["1438"]["deviation"] is None
    assert 0.85 < result["pixels"] < 1
    assert 0.9 < result["judge"] <= 1
    folder = Path("metrics") / params.name / "representation"
    assert json.loads((folder / "contents.json").read_text()) == {"pictures": ["curve.png"]}
    assert (folder / "curve.png").exists()


def test_a_view_that_tells_all_and_one_that_tells_nothing(digits: Prepared) -> None:
    known = {
        image.tobytes(): label
        for part in ("train", "test")
        for image, label in zip(digits.images(part), digits.labels(part), strict=True)
    }
    views = {
        "all": lambda images: np.eye(10, dtype=np.float32)[[known[image.tobytes()] for image in images]],
        "nothing": lambda images: np.zeros((len(images), 3), np.float32),
    }
    result = representation(views, digits, seed=1)
    assert result["all"] == result["curve"]["all"]["100"]["mean"] == 1
    assert result["curve"]["all"]["100"] == {"mean": 1, "deviation": 0, "draws": 10}
    commonest = np.bincount(digits.labels("train")).argmax()
    assert result["nothing"] == pytest.approx((digits.labels("test") == commonest).mean(), abs=1e-6)


def test_labels_are_drawn_in_the_classes_shares_and_anew_each_time() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 300])
    *few, every = label_choices(labels, seed=0)
    assert [len(rows) for rows in few] == [100] * 10 + [1000] * 5
    assert all(np.bincount(labels[rows]).tolist() == [50, 25, 25] for rows in few[:10])
    assert all(len(set(rows)) == len(rows) for rows in few)
    assert len({tuple(sorted(rows)) for rows in few}) == 15
    assert sorted(every) == list(range(1200))
    again, other = (next(label_choices(labels, seed)) for seed in (0, 1))
    assert np.array_equal(again, few[0])
    assert not np.array_equal(other, few[0])


def test_a_number_that_leaves_a_rare_class_without_a_label_is_left_out() -> None:
    labels = np.repeat([0, 1], [1195, 5])
    assert {len(rows) for rows in label_choices(labels, seed=0)} == {1000, 1200}


def test_features_have_mean_0_and_mean_squared_length_1_however_wide() -> None:
    random = np.random.default_rng(0)
    train, test = (random.integers(0, 256, (count, 1, 8, 8)).astype(np.uint8) for count in (600, 40))
    for look, width in ((pixels, 64), (lambda images: np.tile(pixels(images), 10), 512)):
        seen, tested = scaled(look, train, test, seed=0)
        assert (seen.shape, tested.shape) == ((600, width), (40, width))
        assert np.abs(seen.mean(axis=0)).max() < 1e-4
        assert np.square(seen).sum(axis=1).mean() == pytest.approx(1, abs=1e-4)
    # the scale is that of the training images, and test images are moved alike
    plain = scaled(pixels, train, test, seed=0)[1]
    x = train.reshape(600, -1).astype(np.float64)
    expected = (test.reshape(40, -1) - x.mean(axis=0)) / np.sqrt(x.var(axis=0).sum())
    np.testing.assert_allclose(plain, expected, atol=1e-5)


def test_a_linear_classifier_reads_what_is_linear_alone() -> None:
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32).repeat(50, axis=0)
    either = corners.max(axis=1).astype(np.int64)
    same = corners.prod(axis=1).astype(np.int64)
    assert linear_accuracy((corners, either), (corners, either)) == 1
    assert linear_accuracy((corners, same), (corners, same)) <= 0.75  # a line leaves a corner at the least


class Dense(nn.Module):
    """Of two pixels: hidden units a + b and a - b, rectified; the logit does not matter."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.last = nn.Linear(2, 2), nn.Linear(2, 1)
        self.minibatch = nn.Sequential(nn.Linear(2, 5))
        with torch.no_grad():
            self.hidden.weight.copy_(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))
            self.hidden.bias.zero_()

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        features = torch.relu(self.hidden(x.flatten(1)))
        logits = self.last(features)
        return logits + self.minibatch(features + 1).sum()


def test_the_last_hidden_layer_is_what_the_last_linear_layer_is_given() -> None:
    x = torch.tensor([[3.0, 1.0], [1.0, 4.0], [-2.0, -1.0]])
    features = hidden_features(Dense(), x, torch.zeros(3, dtype=torch.int64))
    assert features.tolist() == [[4, 2], [5, 0], [0, 0]]


class Encoder(nn.Module):
    """What a VAE's gives: twice the pixels, and noise."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Linear(2, 2, bias=False)
        nn.init.constant_(self.mean.weight, 0)
        self.mean.weight.data.fill_diagonal_(2)

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        return self.mean(x.flatten(1)), noise


def test_a_code_is_what_stands_for_the_generators_input() -> None:
    inputs = {"image": fields.image(1, 2), "noise": fields.latent(3, "normal")}
    outputs = {"mean": Field("latent", (2,), {"of": "z"}), "log_variance": Field("latent", (2,))}
    looks = of_encoder(Encoder(), inputs, outputs, seed=0)
    images = np.array([[[[255, 0]]], [[[0, 0]]]], np.uint8)
    assert looks["encoder"](images).tolist() == [[1, -1], [-1, -1]]
    assert looks["code"](images).tolist() == [[2, -2], [-2, -2]]


@pytest.mark.parametrize("name", ["cdcgan", "cdcgan-classic", "dcgan-mnist", "dcgan28-mnist"])
def test_each_convolution_of_the_image_gives_sixteen_numbers_a_map(project: Project, name: str) -> None:
    params = project(tiny(name))
    discriminator = build(params, 1, 10).discriminator.eval()
    size = params.data.size
    images = np.random.default_rng(0).integers(0, 256, (12, 1, size, size), np.uint8)
    maps = {"cdcgan": 2 + 4 + 8 + 16 + 16, "cdcgan-classic": 2 + 8 + 16, "dcgan-mnist": 4 + 8 + 16}
    features = pooled_features(discriminator, images, classes=10)
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


def test_what_has_nothing_to_look_with_says_why_not(judged: Callable[[str], Params]) -> None:
    params = judged("sgan-mnist")
    result = represented(params)
    assert result == {"protocol": "left out: sgan has no encoder, and no one discriminator of images"}
    folder = Path("metrics") / params.name / "representation"
    assert [path.name for path in folder.iterdir()] == ["contents.json"]
    assert json.loads((folder / "contents.json").read_text()) == {"pictures": []}


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
    assert written(params) == {"protocol": "left out: digits has no classes to tell apart"}
