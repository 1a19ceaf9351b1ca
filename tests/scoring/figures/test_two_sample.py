"""The classifier two-sample test: it finds what there is to find, and nothing where there is nothing."""

import numpy as np
import pytest

from pipeline.data.prepared import Prepared
from pipeline.scoring.candidates import Images
from pipeline.scoring.figures import two_sample
from pipeline.scoring.figures.two_sample import CONSTANTS, _batches, _halves, measure, told_apart


@pytest.fixture(autouse=True)
def _as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the nets and passes of real scores, of which the tests of whole scores have fewer."""
    monkeypatch.setattr(two_sample, "SEEDS", {"value": 2, "real": 1})
    monkeypatch.setattr(two_sample, "PASSES", 15)


@pytest.fixture(scope="module")
def sides(digits: Prepared) -> tuple[Images, Images]:
    """Two sets of real digits of one kind each, in the order of their classes."""
    images, labels = digits.images("train"), digits.labels("train")
    order = np.argsort(labels, kind="stable")
    return tuple(Images(images[order[part::2]][:600], labels[order[part::2]][:600]) for part in (0, 1))


@pytest.mark.slow
@pytest.mark.parametrize("halved", [False, True])
def test_real_images_are_not_told_from_real_ones(sides: tuple[Images, Images], halved: bool) -> None:
    right = told_apart(*sides, 0, halved=halved)
    assert right.shape == (600,)
    assert right.mean() == pytest.approx(0.5, abs=0.09)


@pytest.mark.slow
def test_faint_texture_is_found_at_full_size_and_gone_at_half(sides: tuple[Images, Images]) -> None:
    real, other = sides
    board = (np.indices((8, 8)).sum(axis=0) % 2) * 12
    marked = Images(np.minimum(other.images + board, 255).astype(np.uint8), other.labels)
    assert told_apart(real, marked, 0, halved=False).mean() > 0.95
    assert told_apart(real, marked, 0, halved=True).mean() < 0.85


@pytest.mark.slow
def test_shapes_are_found_at_half_size(sides: tuple[Images, Images]) -> None:
    real, other = sides
    flipped = Images(np.ascontiguousarray(other.images[..., ::-1]), other.labels)
    assert told_apart(real, flipped, 0, halved=True).mean() > 0.8


def test_samples_and_training_images_are_told_from_real_ones_at_both_sizes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, samples, training = (Images(np.zeros((2, 1, 8, 8), np.uint8), None) for _ in range(3))
    shares = {id(samples): {False: 0.9, True: 0.7}, id(training): {False: 0.6, True: 0.5}}
    seeds: dict[tuple[int, bool], set[int]] = {}

    def answers(one: Images, other: Images, seed: int, *, halved: bool) -> np.ndarray:
        assert one is real
        seeds.setdefault((id(other), halved), set()).add(seed)
        return np.arange(100) < 100 * shares[id(other)][halved]

    monkeypatch.setattr(two_sample, "told_apart", answers)
    found = measure({"unseen": real, "told_apart": samples, "seen": training, "seed": 0})
    said = {name: [figure[who] for who in ("value", "real", "noise")] for name, figure in found.items()}
    assert said == {"two_sample": [0.9, 0.6, None], "two_sample_half": [0.7, 0.5, None]}
    assert [len(seeds[id(samples), halved]) for halved in (False, True)] == [2, 2]


def test_the_protocol_names_what_it_is_made_with() -> None:
    """Channels of the first layer, learning rate, steps: scores of other ones are not comparable."""
    assert CONSTANTS["two-sample test: seeds of samples, of real images"] == [2, 1]
    assert CONSTANTS["two-sample test: width, rate, steps"] == [8, 4e-3, 1250]
    assert CONSTANTS["two-sample test, half size: width, rate, steps"] == [16, 2e-2, 2700]


def test_black_is_soon_told_from_white() -> None:
    """By a network that learns; the halves that it is asked about are those that it has not seen."""
    black, white = (Images(np.full((32, 1, 8, 8), level, np.uint8), None) for level in (0, 255))
    right = told_apart(black, white, 0, halved=False)
    assert (right.shape, right.mean()) == ((32,), 1)


def test_each_pass_shows_every_image_once_in_an_order_of_its_own() -> None:
    batches = _batches(100, steps=5, seed=0)
    rows = np.concatenate(batches)
    assert [len(batch) for batch in batches] == [64] * 5
    for first in (0, 100, 200):
        assert np.array_equal(np.sort(rows[first : first + 100]), np.arange(100))
    assert not np.array_equal(rows[:100], rows[100:200])
    assert not np.array_equal(rows, np.concatenate(_batches(100, steps=5, seed=1)))


def test_the_halves_share_no_image_and_have_like_classes(sides: tuple[Images, Images]) -> None:
    real, _ = sides
    unique = Images(np.arange(600, dtype=np.int64).reshape(600, 1, 1, 1), real.labels)
    learnt, asked = (half.flatten().numpy() for half in _halves(unique, 3))
    assert np.array_equal(np.sort(np.concatenate([learnt, asked])), np.arange(600))
    counted = [np.bincount(real.labels[half], minlength=10) for half in (learnt, asked)]
    assert np.abs(counted[0] - counted[1]).max() <= 1
    assert not np.array_equal(learnt, _halves(unique, 4)[0].flatten().numpy())
