"""What is gathered on a generator that makes an image of another."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.data.prepared import Prepared
from pipeline.data.rules import edges
from pipeline.inference import Network
from pipeline.inference.contract.inputs import Given
from pipeline.loading import load
from pipeline.places import prepared_dir
from pipeline.scoring.evidence import Evidence, gather, open_generator


def brightness(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features, and logits of ten classes."""
    white = images.reshape(len(images), -1).mean(1, keepdims=True, dtype=np.float32)
    return white, white - np.arange(10, dtype=np.float32)


JUDGE: Any = SimpleNamespace(features_and_logits=brightness)


def gathered(folder: Path, name: str) -> tuple[Evidence, Prepared, Network]:
    params = load(folder / "params.yaml")
    prepared = Prepared.open(folder / prepared_dir(params.data))
    generator = open_generator(folder / f"exported/{name}.onnx", prepared)
    evaluate = params.evaluate.model_copy(update={"samples": 400})
    return gather(generator, prepared, {"one": JUDGE}, evaluate), prepared, generator


def given_to(images: np.ndarray) -> Any:
    return Given({"image": images.astype(np.float32) / 127.5 - 1})


@pytest.mark.slow
def test_pairs_are_held_row_by_row_against_what_should_have_come_out(
    exported: Callable[[str], Path],
) -> None:
    evidence, prepared, generator = gathered(exported("pix2pix-edges"), "pix2pix-edges")
    found = evidence["translated"]
    truth = torch.from_numpy(found.truth.images.copy())
    assert np.array_equal(found.source.images, edges(truth).numpy())
    (out,) = generator.outputs(range(5), given_to(found.source.images[:5]))
    assert np.array_equal(found.made.images[:5], generator.pixels(out["translated"]).transpose(0, 3, 1, 2))
    assert np.array_equal(found.made.labels, found.truth.labels)
    # nothing is set aside, so of the samples only those of test images were not learnt from
    test = {image.tobytes() for image in prepared.images("test")}
    assert 0 < len(found.truth) < len(evidence["fake"])
    assert all(image.tobytes() in test for image in found.truth.images)


@pytest.mark.slow
def test_without_pairs_nothing_says_what_should_come_out(exported: Callable[[str], Path]) -> None:
    evidence, _, _ = gathered(exported("cyclegan-digits"), "cyclegan-digits")
    assert "sources" in evidence
    assert "translated" not in evidence
