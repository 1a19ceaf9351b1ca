"""Sets of images that are held against each other: like class shares, no order, none twice."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.prepared import Prepared
from pipeline.inference import Network
from pipeline.kinds.shared.noise import MAX_SEED, latent
from pipeline.scoring.candidates import Images, alike, generated, real, sample_seeds, shuffled, subset
from tests.scoring.conftest import write_generator


@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=6),
    st.lists(st.integers(0, 30), min_size=6, max_size=6),
    st.integers(1, 300),
)
def test_alike_has_the_shares_asked_for_and_no_image_twice(
    members: list[int], weights: list[int], count: int
) -> None:
    shares = np.array(weights[: len(members)])
    if not shares.any():
        shares[0] = 1
    labels = np.repeat(np.arange(len(members)), members)
    rows = alike(labels, shares, count, seed=0)
    assert len(rows) <= count
    assert len(set(rows.tolist())) == len(rows)
    exact = len(rows) * shares / shares.sum()
    assert (np.abs(np.bincount(labels[rows], minlength=len(shares)) - exact) < 1).all()


def test_skewed_shares_are_kept_at_full_count() -> None:
    labels = np.repeat(np.arange(10), 600)
    shares = np.array([530, *[52] * 9])  # 53 % of one class, as in the test images
    rows = alike(labels, shares, 998, seed=0)
    assert np.bincount(labels[rows]).tolist() == shares.tolist()


def test_a_subset_keeps_images_labels_and_shares() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    seen = Images(labels.astype(np.uint8).reshape(-1, 1, 1, 1), labels)
    some = subset(seen, 100, seed=0)
    assert np.bincount(some.labels).tolist() == [60, 30, 10]
    assert np.array_equal(some.images.ravel(), some.labels)
    without = subset(Images(seen.images, None), 100, seed=0)
    assert (len(without), without.labels) == (100, None)


def test_what_is_sorted_by_class_is_cut_in_like_halves() -> None:
    labels = np.repeat(np.arange(5), 200)
    rows = alike(labels, np.full(5, 200), 1000, seed=0)
    halves = [np.bincount(labels[rows[part]], minlength=5) for part in (slice(500), slice(500, None))]
    assert np.abs(halves[0] - halves[1]).max() < 60  # sorted they would share one class


def test_each_sample_has_a_seed_of_its_own_that_a_file_takes() -> None:
    for seed in range(20):
        seeds = sample_seeds(seed, 1000)
        assert (np.diff(seeds) == 1).all()
        assert 0 <= seeds[0] < seeds[-1] <= MAX_SEED
    assert sample_seeds(0, 10)[0] != sample_seeds(1, 10)[0]


def test_samples_are_the_pictures_of_their_seeds_under_their_labels(tmp_path: Path) -> None:
    bank = np.random.default_rng(0).integers(0, 256, (2, 5, 3, 4, 6), dtype=np.uint8)  # [K, M, C, H, W]
    labels, z = np.tile([0, 1], 150), latent(sample_seeds(0, 300), 5, "normal")
    made = generated(Network(write_generator(tmp_path / "bank.onnx", bank, ["a", "b"])), labels, 300, seed=0)
    assert np.array_equal(made.images, bank[labels, z.argmax(1)])
    assert np.array_equal(made.labels, labels)
    without = generated(Network(write_generator(tmp_path / "plain.onnx", bank, [])), labels, 300, seed=0)
    assert (without.images.shape, without.labels) == ((300, 3, 4, 6), None)


def test_real_images_come_in_an_order_of_the_seed(digits: Prepared) -> None:
    rows = shuffled(digits, "test", 100, seed=0)
    assert len(set(rows.tolist())) == 100
    assert not (np.diff(rows) > 0).all()
    assert np.array_equal(rows, shuffled(digits, "test", 200, seed=0)[:100])
    assert not np.array_equal(rows, shuffled(digits, "test", 100, seed=1))
    found = real(digits, "test", rows)
    assert np.array_equal(found.images, digits.images("test")[rows])
    assert np.array_equal(found.labels, digits.labels("test")[rows])
