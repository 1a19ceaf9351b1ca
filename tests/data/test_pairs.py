"""Pairs made by a rule: what goes in, of which data set, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from pipeline.data.prepare import prepare
from pipeline.data.prepared import Prepared
from pipeline.data.rules import edges, grey, hole, small
from pipeline.datasets import download
from pipeline.errors import UserError


@pytest.fixture
def run(both_stages: Callable[..., Prepared]) -> Callable[..., Prepared]:
    """Take pairs made of the bundled digits, or of what `path` names, through both stages."""
    digits = {"path": "digits", "size": 16, "test_fraction": 0.2}
    return lambda dataset, **named: both_stages(dataset, **(digits | named))


def test_edges_are_what_a_dilation_adds() -> None:
    image = torch.zeros(1, 3, 5, 5, dtype=torch.uint8)
    image[0, :, 2, 2] = 200
    ring = torch.zeros(5, 5, dtype=torch.uint8)
    ring[1:4, 1:4], ring[2, 2] = 200, 0
    assert torch.equal(edges(image)[0, 0], ring)
    assert torch.equal(edges(image[:, :1]), edges(image))


def test_grey_is_the_brightness() -> None:
    colours = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], dtype=torch.uint8)
    assert grey(colours[:, :, None, None]).flatten().tolist() == [76, 150, 29, 255]


def test_a_hole_is_black_and_half_a_side_wide() -> None:
    white = torch.full((1, 1, 8, 8), 255, dtype=torch.uint8)
    holed = hole(white)[0, 0]
    assert holed[2:6, 2:6].sum() == 0
    assert (holed == 255).sum() == 64 - 16
    assert white.min() == 255  # the picture itself stays whole


def test_small_is_a_quarter_of_the_size_without_aliasing() -> None:
    stripes = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    stripes[..., ::2] = 200
    assert small(stripes).shape == (1, 1, 4, 4)
    assert (small(stripes).int() - 100).abs().max() < 15


@pytest.mark.parametrize(
    ("dataset", "rule"), [("edge_pairs", edges), ("hole_pairs", hole), ("small_pairs", small)]
)
def test_the_source_of_each_row_is_made_of_its_picture(run, dataset, rule) -> None:
    prepared = run(dataset, set_aside=100)
    (table,) = prepared.tables
    assert list(table.fields) == ["images", "labels", "source"]
    for part in ("train", "aside", "test"):
        source = prepared.part("source", part)
        assert np.array_equal(source, rule(torch.from_numpy(prepared.images(part).copy())).numpy())
        assert source.shape[1:] == prepared.fields["source"].shape


def test_colours_go_out_of_what_should_come_out_with_them(run, tmp_path) -> None:
    (tmp_path / "set").mkdir()
    random = np.random.default_rng(0)
    for number in range(10):
        pixels = random.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "set" / f"{number}.png")
    prepared = run("grey_pairs", path=str(tmp_path / "set"), size=8)
    images, source = prepared.images("train"), prepared.part("source", "train")
    assert (images.shape[1:], source.shape[1:]) == ((3, 8, 8), (1, 8, 8))
    brightness = np.tensordot([0.299, 0.587, 0.114], images.astype(float), (0, 1))
    assert np.abs(source[:, 0] - brightness).max() <= 1


def test_pairs_have_the_labels_and_the_digest_of_their_own(run, data, tmp_path) -> None:
    paired = run("edge_pairs")
    plain = data("digits", size=16, test_fraction=0.2)
    download(plain, tmp_path / "digits")
    digits = prepare(plain, tmp_path / "digits", tmp_path / "prepared-digits")
    for part in ("train", "test"):
        assert np.array_equal(paired.images(part), digits.images(part))
        assert np.array_equal(paired.labels(part), digits.labels(part))
    assert paired.digest != digits.digest
    assert set(paired.sha256) - set(digits.sha256) == {"train_source.npy", "test_source.npy"}


def test_beginning_with_what_goes_in_it_is_what_all_speaks_of(run) -> None:
    prepared = run("small_pairs")
    turned = prepared.beginning_with("source")
    assert (turned.size, prepared.size) == (4, 16)
    assert np.array_equal(turned.images("test"), prepared.part("source", "test"))
    assert np.array_equal(turned.labels("test"), prepared.labels("test"))
    assert turned.counts == prepared.counts


@pytest.mark.slow
def test_the_real_mnist_has_pairs(run, real_mnist, monkeypatch) -> None:
    monkeypatch.setenv("GAN_DATA_MIRROR", real_mnist)
    prepared = run("edge_pairs", path="mnist", size=28, test_fraction=None)
    assert prepared.part("source", "train").shape == (60000, 1, 28, 28)


@pytest.mark.parametrize(
    ("dataset", "changes", "told"),
    [
        ("edge_pairs", {"path": None}, "`path` is needed: a data set such as mnist"),
        ("edge_pairs", {"path": "mnist"}, "`test_fraction` must be null: mnist brings its own"),
        ("edge_pairs", {"test_fraction": None}, "`test_fraction` is needed: digits has no test images"),
        ("edge_pairs", {"path": "mnist_edges"}, "`path`: pairs can't be made of it: unknown 'mnist_edges'"),
        ("small_pairs", {"size": 18}, "`size`: must be a multiple of 4"),
    ],
)
def test_what_pairs_cannot_be_made_of_is_refused(data, dataset, changes, told) -> None:
    with pytest.raises(ValidationError, match=told):
        data(dataset, **({"path": "digits", "size": 16, "test_fraction": 0.2} | changes))


def test_grey_pictures_have_no_colours_to_bring_back(run) -> None:
    with pytest.raises(UserError, match=r"data\.path: the images of digits are grey"):
        run("grey_pairs")
    assert run("grey_pairs", channels=3).fields["source"].shape[0] == 1
