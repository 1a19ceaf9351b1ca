"""Two sets of digits that come together without pairs; what stands for MNIST is made here."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from pipeline import datasets
from pipeline.data import idx, rendered
from pipeline.data.originals import Originals, Split, split_of_arrays
from pipeline.data.prepared import Prepared
from pipeline.datasets import mnist_digits

CLASSES = [str(digit) for digit in range(10)]


@pytest.fixture
def mnist(monkeypatch: pytest.MonkeyPatch) -> Originals:
    """2,500 images to train on, in three batches, and 100 to test on; each brings its own label."""
    train, test = (_images(count) for count in (2500, 100))
    found = Originals(CLASSES, 1, train, test)
    places = []
    monkeypatch.setattr(idx, "download", lambda kind, dataset, raw: places.append((kind, dataset, raw)))
    monkeypatch.setattr(idx, "load", lambda kind, raw: found if places == [(kind, "mnist", raw)] else None)
    return found


def _images(count: int) -> Split:
    labels = np.arange(count) % 10
    pixels = torch.from_numpy(labels).to(torch.uint8)[:, None, None, None] + 100
    return split_of_arrays(pixels.expand(-1, 1, 8, 8), labels)


def test_the_bundled_digits_stand_beside_the_first_of_mnist(
    both_stages: Callable[..., Prepared], mnist: Originals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist_digits, "COUNT", 1500)  # not a whole number of batches
    prepared = both_stages("mnist_digits", test_fraction=0.2, set_aside=250)
    assert [list(table.fields) for table in prepared.tables] == [
        ["images", "labels"],
        ["other", "other_labels"],
    ]
    assert np.array_equal(prepared.file("train", "labels"), mnist.train.labels[:1500])
    assert np.array_equal(prepared.file("train", "images")[:, 0, 0, 0], mnist.train.labels[:1500] + 100)
    assert np.array_equal(prepared.labels("test"), mnist.test.labels)
    digits = prepared.beginning_with("other")
    assert sum(digits.counts[part]["total"] for part in ("train", "aside", "test")) == 1797
    assert digits.classes == prepared.classes


@pytest.mark.parametrize("name", ["mnist_edges", "mnist_negatives"])
def test_half_of_mnist_stands_beside_the_other_half_changed(
    both_stages: Callable[..., Prepared], mnist: Originals, name: str
) -> None:
    prepared = both_stages(name, size=8, set_aside=250)
    assert set(prepared.labels("train") % 2) == {0}
    assert set(prepared.file("train", "other_labels") % 2) == {1}
    odd = (prepared.file("test", "other_labels")[:, None, None, None] + 100).astype(np.uint8)
    changed = datasets.paired(name)(odd.repeat(8, 2).repeat(8, 3))
    assert np.array_equal(prepared.file("test", "other"), changed)


def test_mnist_stands_beside_the_rendered_digits(
    both_stages: Callable[..., Prepared], mnist: Originals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered, "COUNTS", {"train": 440, "test": 220})
    prepared = both_stages("fonts_mnist", size=28)
    assert [table.counts["train"]["total"] for table in prepared.tables] == [440, 2500]
    assert prepared.images("train")[0].max() == 255
    assert np.array_equal(prepared.file("train", "other_labels"), mnist.train.labels)
    assert prepared.classes == prepared.beginning_with("other").classes
