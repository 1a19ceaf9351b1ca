"""Inversion with the files that the export stage writes: dense and convolutional, with classes, encoders."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.inference import Generator, Network
from pipeline.inference.contract.inversion import Inverted, invert, pictures
from pipeline.kinds.shared.noise import latent

Exported = Callable[[str], Path]
pytestmark = pytest.mark.slow


def opened(exported: Exported, name: str) -> Generator:
    return Generator(exported(name) / f"exported/{name}.onnx", device="cpu")


def made(generator: Generator, seeds: range, labels: np.ndarray | None) -> np.ndarray:
    about = generator.description
    return pictures(generator, Inverted(latent(seeds, about.z_dim, about.latent), None, labels))


@pytest.mark.parametrize("name", ["gan-mnist", "cdcgan", "infogan-mnist"])
def test_own_samples_are_found_again(exported: Exported, name: str) -> None:
    generator = opened(exported, name)
    labels = np.array([3, 1, 9]) if generator.description.column[0] else None
    targets = made(generator, range(5, 8), labels)
    drawn, found = (invert(generator, targets, labels, steps=steps) for steps in (0, 500))
    assert found.error.mean() < drawn.error.mean() / 3
    assert (found.error < 1e-3).all()
    np.testing.assert_allclose(
        np.square(pictures(generator, found) - targets).mean((1, 2, 3)), found.error, rtol=1e-3, atol=1e-7
    )


def test_a_vaes_encoder_gives_the_start(exported: Exported) -> None:
    generator = opened(exported, "vae-mnist")
    encoder = Network(generator.path.with_suffix(".parts") / "encoder.onnx", device="cpu")
    targets = made(generator, range(5, 13), None)
    alone = invert(generator, targets, steps=0)
    np.testing.assert_array_equal(alone.z, encoder.compute({"image": targets})["mean"])
    gone_on = invert(generator, targets, steps=100)
    assert (gone_on.error <= alone.error).all()
    assert gone_on.error.mean() < alone.error.mean()


def test_an_adversarial_autoencoder_says_the_category_too(exported: Exported) -> None:
    generator = opened(exported, "aae-mnist")
    encoder = Network(generator.path.with_suffix(".parts") / "encoder.onnx", device="cpu")
    targets = made(generator, range(5, 9), np.arange(4))
    said = encoder.compute({"image": targets})
    alone = invert(generator, targets, steps=0)
    assert np.array_equal(alone.z, said["z"])
    assert np.array_equal(alone.labels, said["category"].argmax(1))
    assert np.array_equal(invert(generator, targets, np.arange(4), steps=0).labels, np.arange(4))
