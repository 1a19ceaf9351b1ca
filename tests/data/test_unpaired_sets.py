"""Two sets of digits that come together without pairs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.data import idx
from pipeline.data.prepared import Prepared
from pipeline.datasets import mnist_digits


def test_mnist_stands_beside_the_bundled_digits(
    both_stages: Callable[..., Prepared], real_mnist: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_DATA_MIRROR", real_mnist)
    monkeypatch.setattr(mnist_digits, "COUNT", 1500)  # not a whole number of batches
    prepared = both_stages("mnist_digits", size=28, test_fraction=0.2, set_aside=250)
    mnist = idx.load("MNIST", tmp_path / "out" / "raw" / "mnist")
    assert [list(table.fields) for table in prepared.tables] == [
        ["images", "labels"],
        ["other", "other_labels"],
    ]
    images = torch.cat(list(mnist.train.batches())[:2])[:1500]
    assert np.array_equal(prepared.file("train", "images"), images.numpy())
    assert np.array_equal(prepared.file("train", "labels"), mnist.train.labels[:1500])
    assert np.array_equal(prepared.labels("test"), mnist.test.labels)
    digits = prepared.beginning_with("other")
    assert sum(digits.counts[part]["total"] for part in ("train", "aside", "test")) == 1797
    assert digits.classes == prepared.classes == [str(digit) for digit in range(10)]
