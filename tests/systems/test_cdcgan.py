"""What is particular to the flagship: limits and size of the data, and mixtures of classes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.data._torchvision import torchvision
from pipeline.data.limits import limits
from pipeline.inference import Generator
from pipeline.inference.contract.network import Network
from pipeline.inference.contract.walks import interpolate
from pipeline.kinds.shared.noise import latent
from pipeline.networks.output import Enlarge, Within
from tests.building import build
from tests.conftest import preset, write_params


def test_it_enlarges_as_the_data_are_enlarged() -> None:
    images = torch.rand(2, 3, 28, 28) * 2 - 1
    torch.testing.assert_close(
        Enlarge(28, 32)(images), torchvision.transforms.v2.functional.resize(images, [32, 32], antialias=True)
    )


def test_it_keeps_within_the_limits_and_reaches_them() -> None:
    found = Within(10, 253)(torch.linspace(-9, 9, 181))
    levels = ((found + 1) * 127.5).numpy()
    assert levels[[0, -1]] == pytest.approx([10, 253], abs=1e-4)
    assert levels[90] == pytest.approx(131.5, abs=1e-4)
    assert (np.diff(levels) >= 0).all()
    assert (levels > 252.99).mean() > 0.3  # tanh alone comes as near for 7 % of these


def test_limits_are_the_commonest_of_the_extreme_grey_levels() -> None:
    pixels = [3, 4, 4, 100, 100, 100, 246, 247, 247, 253, 253, 253, 255]
    assert limits(np.bincount(pixels, minlength=256)) == [4, 253]
    assert limits(np.bincount([7, 7], minlength=256)) == [7, 7]


def test_it_begins_at_a_quarter_of_the_native_size(tmp_path: Path) -> None:
    generator = build(write_params(preset("cdcgan"), tmp_path), 1, 10).generator.maps
    assert generator.start == (128, 7, 7)
    assert [up.weight.shape[:2] for up in generator.ups] == [(128, 64), (64, 32)]


@pytest.fixture(scope="module")
def files(exported: Callable[[str], Path]) -> tuple[Generator, Network]:
    path = exported("cdcgan") / "exported/cdcgan.onnx"
    return Generator(path, device="cpu"), Network(path.with_suffix(".parts") / "mixture.onnx", device="cpu")


@pytest.mark.slow
def test_a_mixture_of_one_class_is_that_class(files: tuple[Generator, Network]) -> None:
    generator, mixture = files
    z, labels = latent(range(4), generator.description.z_dim, "normal"), np.array([0, 3, 8, 9])
    mixed = mixture.compute({"z": z, "weights": np.eye(10, dtype=np.float32)[labels]})["image"]
    np.testing.assert_allclose(mixed, generator.run(z, labels), atol=1e-5)


def test_the_way_from_class_to_class_is_through_mixtures(files: tuple[Generator, Network]) -> None:
    generator, mixture = files
    walk = interpolate(generator, (1, 1), (3, 8), 5)
    weights = np.zeros((5, 10), np.float32)
    weights[:, 3], weights[:, 8] = np.linspace(1, 0, 5), np.linspace(0, 1, 5)
    z = latent([1] * 5, generator.description.z_dim, "normal")
    assert np.array_equal(walk, generator.pixels(mixture.compute({"z": z, "weights": weights})["image"]))
    assert np.array_equal(walk[[0, -1]], generator.sample([3, 8], [1, 1]))


def test_walks_between_classes_do_without_the_mixture(files: Any, tmp_path: Path) -> None:
    alone = tmp_path / "alone.onnx"
    alone.write_bytes(files[0].path.read_bytes())
    walk = interpolate(Generator(alone, device="cpu"), (1, 1), (3, 8), 5)
    assert np.array_equal(walk[[0, -1]], files[0].sample([3, 8], [1, 1]))
    assert not np.array_equal(walk, interpolate(files[0], (1, 1), (3, 8), 5))


def test_pictures_that_were_not_enlarged_are_drawn_as_they_are(tmp_path: Path) -> None:
    content = preset("cdcgan")
    content["data"]["size"] = 16
    generator = build(write_params(content, tmp_path), 1, 10).generator
    assert generator.maps.start == (128, 4, 4)
    assert isinstance(generator.enlarge, torch.nn.Identity)
