"""What small networks beside a generator are found to say, against the same written out in numpy."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest

from pipeline.data.prepared import Prepared
from pipeline.inference import Network
from pipeline.kinds.image import to_uint8
from pipeline.scoring import parts
from pipeline.scoring.candidates import Images, real
from pipeline.scoring.parts import beside
from tests.inference.conftest import CATEGORY, NETWORKS, network_proto, weights

GREY = {"kind": "image", "shape": [1, 8, 8]}
OF_IMAGES, OF_OTHER = (GREY | {"about": {"range": [-1, 1], "of": of}} for of in ("images", "other"))
LATENT = {"kind": "latent", "shape": [4], "about": {"distribution": "normal"}}
FOUND = {"kind": "latent", "shape": [4], "about": {"of": "z"}}
SHAPE = np.array([0, 1, 8, 8], np.int64)
DECODER = (
    {"z": LATENT},
    {"image": OF_IMAGES},
    [
        ("MatMul", ["z", "w"], ["sum"], {}),
        ("Tanh", ["sum"], ["flat"], {}),
        ("Reshape", ["flat", "shape"], ["image"], {}),
    ],
    {"w": weights(4, 64), "shape": SHAPE},
)
ENCODER = (
    {"image": OF_IMAGES},
    {"mean": FOUND, "log_variance": {"kind": "latent", "shape": [4], "about": {}}},
    [
        ("Flatten", ["image"], ["flat"], {}),
        ("MatMul", ["flat", "w"], ["mean"], {}),
        ("Neg", ["mean"], ["log_variance"], {}),
    ],
    {"w": weights(64, 4)},
)


def classifier(of: str) -> tuple:
    """Of three classes; `of` is the field whose values it tells."""
    odds = {"kind": "probabilities", "shape": [3], "about": {"of": of, "classes": ["a", "b", "c"]}}
    operators, arrays = NETWORKS["classifier"][2:]
    return {"image": OF_IMAGES}, {"probabilities": odds}, operators, arrays


def translator(operator: str, given: dict, made: dict) -> tuple:
    return {"image": given}, {"translated": made}, [(operator, ["image"], ["translated"], {})], {}


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: Prepared) -> Callable[..., dict[str, Any]]:
    """Write a generator and the networks beside it, and ask what they say of digits."""

    def write(path: Path, network: tuple) -> Path:
        monkeypatch.setitem(NETWORKS, path.stem, network)
        path.parent.mkdir(exist_ok=True)
        onnx.save(network_proto(path.stem), path)
        return path

    def run(
        generator: tuple, others: dict[str, tuple], prepared: Any = digits, **more: Any
    ) -> dict[str, Any]:
        file = write(tmp_path / "whole.onnx", generator)
        for name, network in others.items():
            write(tmp_path / "whole.parts" / f"{name}.onnx", network)
        evidence = {"test": real(digits, "test", np.arange(30)), "floor_part": "train", "seed": 0}
        return beside(Network(file, device="cpu"), file, prepared, evidence | more)

    return run


def flat(images: np.ndarray) -> np.ndarray:
    """[N, 64] in [-1, 1]."""
    return images.reshape(len(images), -1) / np.float32(127.5) - 1


def shown(values: np.ndarray) -> np.ndarray:
    """Numbers [N, 64] in [-1, 1] as uint8 [N, 1, 8, 8]."""
    return to_uint8(values.reshape(-1, 1, 8, 8)).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("count", [30, 300])  # less than a batch of the network, and more
def test_test_images_go_through_the_encoder_and_back(say: Any, digits: Prepared, count: int) -> None:
    test = real(digits, "test", np.arange(count)[::-1])
    found = say(DECODER, {"encoder": ENCODER}, test=test)
    mean = flat(test.images) @ ENCODER[3]["w"]
    assert list(found) == ["posterior", "returned"]
    np.testing.assert_allclose(found["posterior"].mean, mean, atol=1e-4)
    np.testing.assert_allclose(found["posterior"].log_variance, -mean, atol=1e-4)
    back = shown(np.tanh(mean @ DECODER[3]["w"])).astype(int)
    assert np.abs(found["returned"].images - back).max() <= 1
    assert np.array_equal(found["returned"].labels, test.labels)
    drawn = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    image = np.tanh(drawn @ DECODER[3]["w"]).reshape(7, 1, 8, 8)
    np.testing.assert_allclose(found["posterior"].decode(drawn), image, atol=1e-5)


def test_an_encoder_that_gives_less_than_the_generator_takes_says_nothing(say: Any) -> None:
    inputs, outputs, operators, arrays = DECODER
    more = {**inputs, "category": CATEGORY}
    shifted = [("MatMul", ["z", "w"], ["hidden"], {}), ("Gather", ["table", "category"], ["shift"], {})]
    shifted += [("Add", ["hidden", "shift"], ["sum"], {}), *operators[1:]]
    wants_both = more, outputs, shifted, arrays | {"table": weights(10, 64)}
    assert say(wants_both, {"encoder": ENCODER}) == {}


def test_a_classifier_of_the_labels_is_asked_for_the_most_likely_one(say: Any, digits: Prepared) -> None:
    found = say(DECODER, {"classifier": classifier("labels")})
    most = (flat(digits.images("test")[:30]) @ NETWORKS["classifier"][3]["w"]).argmax(1)
    assert list(found) == ["classified"]
    assert np.array_equal(found["classified"], most)
    unlabelled = Images(digits.images("test")[:30], None)
    assert say(DECODER, {"classifier": classifier("labels")}, test=unlabelled) == {}


def test_categories_are_chosen_on_the_part_that_the_floor_is_of(say: Any, digits: Prepared) -> None:
    (found,) = say(DECODER, {"recogniser": classifier("category")}).values()
    chosen, tested = (
        (flat(images) @ NETWORKS["classifier"][3]["w"]).argmax(1)
        for images in (digits.images("train"), digits.images("test")[:30])
    )
    assert np.array_equal(found.choosing, chosen)
    assert np.array_equal(found.choosing_labels, digits.labels("train"))
    assert np.array_equal(found.test, tested)
    assert np.array_equal(found.test_labels, digits.labels("test")[:30])
    assert found.count == 3


def test_sources_go_there_and_back_again(say: Any, digits: Prepared) -> None:
    """There an image becomes its negative, and the way back squashes it: tanh(-x)."""
    sources = real(digits, "test", np.arange(20))
    there = translator("Neg", OF_IMAGES, OF_OTHER)
    back = {"back": translator("Tanh", OF_OTHER, OF_IMAGES)}
    found = say(there, back, sources=sources)
    assert list(found) == ["cycle"]
    expected = shown(np.tanh(-flat(sources.images))).astype(int)
    assert np.abs(found["cycle"].images - expected).max() <= 1
    assert np.array_equal(found["cycle"].labels, sources.labels)
    assert say(there, back) == {}  # made of noise: there is nothing to come back to


def test_two_images_of_one_z_are_a_pair_where_the_data_say_how(
    say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PAIRS", 300)
    inputs, outputs, operators, arrays = DECODER
    both = outputs | {"other": OF_OTHER}, [*operators, ("Neg", ["image"], ["other"], {})], arrays
    found = say((inputs, *both), {}, prepared=SimpleNamespace(dataset="digits_negatives"))["pairs"]
    assert found.image.shape == found.other.shape == (300, 1, 8, 8)
    assert len(np.unique(found.image.reshape(300, -1), axis=0)) == 300
    assert np.array_equal(found.expected, 255 - found.image)
    assert np.abs(found.other - found.expected.astype(int)).max() <= 1
    assert say((inputs, *both), {}) == {}  # of digits alone nothing says so
