"""Captions of digits: what is written is what is shown, and some of it is never trained together."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.data.captioned import ASIDE, HEIGHTS, SLANTS, captioned, drawn, middles, ways_held_out
from pipeline.data.captions import BOXED, FULL, LENGTH
from pipeline.data.originals import Originals, split_of_arrays
from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.kinds import text
from pipeline.scoring.captioned import shown

EVERY = np.array(list(itertools.product(*map(range, FULL.counts.values()))))


@pytest.fixture
def prepared(both_stages: Callable[..., Prepared]) -> Prepared:
    """Captions and pictures of the bundled digits."""
    return both_stages("caption_pairs", path="digits", size=32, test_fraction=0.2, set_aside=100)


def test_a_caption_says_what_it_was_composed_of_in_several_wordings() -> None:
    captions = FULL.composed(EVERY, np.random.default_rng(0))
    assert captions.shape == (len(EVERY), LENGTH)
    assert np.array_equal(FULL.understood(captions), EVERY)
    same = FULL.composed(np.repeat(EVERY[:1], 200, axis=0), np.random.default_rng(0))
    assert len(np.unique(same, axis=0)) > 2 * len(FULL.wordings)


def test_the_caption_of_the_handbook_is_read() -> None:
    ids = text.read("A large slanted three, top left, in red", FULL.field, "tiny")
    assert FULL.understood(ids).tolist() == [[3, 1, 1, 0, 0]]


def test_rows_stay_together_and_labels_are_the_digits_of_their_captions(prepared: Prepared) -> None:
    (table,) = prepared.tables
    assert list(table.fields) == ["images", "labels", "captions"]
    assert prepared.fields["captions"] == FULL.field
    for part in ("train", "aside", "test"):
        meanings, seen = FULL.understood(prepared.part("captions", part)), shown(prepared.images(part))
        assert np.array_equal(meanings[:, 0], prepared.labels(part))
        for column, found in ((1, seen.size), (2, seen.slant), (3, seen.colour)):
            assert (meanings[:, column] == found).mean() > 0.97


def test_held_out_combinations_are_every_other_test_picture_and_nowhere_else(prepared: Prepared) -> None:
    def ways(part: str) -> np.ndarray:
        digit, *others = FULL.understood(prepared.part("captions", part)).T
        return ways_held_out(FULL)[digit, np.ravel_multi_index(others, tuple(FULL.counts.values())[1:])]

    assert not ways("train").any()
    assert not ways("aside").any()
    assert ways("test").tolist() == [row % 2 == 1 for row in range(len(ways("test")))]
    assert (ways_held_out(FULL).sum(1) == 24).all()


def test_boxes_are_where_pictures_are_inked_and_captions_say_nothing_of_them(
    both_stages: Callable[..., Prepared],
) -> None:
    found = both_stages("box_pairs", path="digits", size=32, test_fraction=0.2)
    assert not {"large", "top"} & set(found.fields["captions"].about["vocabulary"])
    said = {part: BOXED.understood(found.part("captions", part)) for part in ("train", "test")}
    images, boxes = found.images("test"), found.part("boxes", "test")
    seen = shown(images)
    assert np.array_equal(said["test"][:, 0], found.labels("test"))
    assert (said["test"][:, 2] == seen.colour).mean() > 0.97
    for image, (left, top, width, height) in zip(images, (32 * boxes).round().astype(int), strict=True):
        rows, columns = np.nonzero(image.max(0) > 0.3 * 255)
        assert (left, top) == (columns.min(), rows.min())
        assert (left + width, top + height) == (columns.max() + 1, rows.max() + 1)
    assert boxes[:, 3].min() < 0.35
    assert boxes[:, 3].max() > 0.6
    trained = {row.tobytes() for row in said["train"]}
    assert [row.tobytes() in trained for row in said["test"]] == [row % 2 == 0 for row in range(len(boxes))]
    assert (ways_held_out(BOXED).sum(1) == 2).all()


def test_a_bar_is_as_high_as_steep_and_where_it_is_said() -> None:
    """A bar that leans by 0.3 is put upright first; then the rule's own height, slant and place are added."""
    rows, columns = np.mgrid[:28, :28]
    leaning = np.abs(columns - 13.5 + 0.3 * (rows - 13.5)) < 2
    bar = torch.from_numpy((255 * (leaning & (rows >= 4) & (rows < 24))).astype(np.uint8))
    meanings = torch.from_numpy(EVERY[EVERY[:, 0] == 1])
    said = dict(zip(FULL.counts, meanings.T, strict=True))
    pictures = drawn(bar.expand(len(meanings), 1, 28, 28), said, 64, torch.Generator().manual_seed(0))
    ink = pictures.amax(1).numpy() / 255
    boxes = shown(pictures.numpy()).box / 64
    heights, slants = np.array(HEIGHTS)[meanings[:, 1]], np.array(SLANTS)[meanings[:, 2]]
    np.testing.assert_allclose(boxes[:, 3] - boxes[:, 1], heights, atol=0.06)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    np.testing.assert_allclose(centres, middles(meanings[:, 4], meanings[:, 1]), atol=ASIDE + 0.03)
    share = ink / ink.sum((1, 2), keepdims=True)
    at = np.arange(64)
    x, y = (at - (share.sum(axis) @ at)[:, None] for axis in (1, 2))
    steep = -np.einsum("nyx,ny,nx->n", share, y, x) / (share.sum(2) * y**2).sum(1)
    np.testing.assert_allclose(steep, slants, atol=0.12)


def test_the_pictures_are_the_same_whenever_they_are_asked_for() -> None:
    ink = torch.randint(0, 256, (30, 1, 28, 28), dtype=torch.uint8)
    digits = split_of_arrays(ink, np.arange(30) % 10)
    made = captioned(Originals([str(digit) for digit in range(10)], 1, digits, digits), 32, FULL)
    once, again = (torch.cat(list(made.train.batches())) for _ in range(2))
    assert torch.equal(once, again)
    assert not torch.equal(once, torch.cat(list(made.test.batches())))


def test_other_classes_than_digits_are_refused(both_stages: Callable[..., Prepared], tmp_path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(np.full((8, 8), number, np.uint8)).save(tmp_path / "set" / name / f"{number}.png")
    with pytest.raises(UserError, match=r"data\.path: captions are of the ten digits, and .*set has other"):
        both_stages("caption_pairs", path=str(tmp_path / "set"), size=16, test_fraction=0.5)
