"""Distances to neighbours, and what is judged by them: memorisation and duplicates."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from pipeline.data.prepared import Prepared
from pipeline.scoring import neighbours
from pipeline.scoring.figures.duplicates import exact_duplicates, near_duplicates
from pipeline.scoring.figures.memorisation import closeness, in_features, in_pixels, memorised, own_distances
from pipeline.scoring.neighbours import nearest_rows, radii


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_nearest_rows_are_the_first_of_all_by_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "POINTS", 7)  # the last block has fewer points than are asked for
    monkeypatch.setattr(neighbours, "QUERIES", 4)
    points, queries = normal(10, 30, 6), normal(11, 9, 6)
    expected = np.argsort(cdist(queries, points), axis=1)[:, :4]
    assert (nearest_rows(points, queries, 4) == expected).all()


def test_the_nearest_of_changed_images_are_their_originals() -> None:
    images = np.random.default_rng(2).integers(0, 256, (5, 3, 4, 4), dtype=np.uint8)
    assert nearest_rows(images, images ^ 4, 1).ravel().tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("k", [1, 4])
def test_radii_leave_the_point_itself_out(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "QUERIES", 6)
    points = normal(3, 20, 5)
    expected = np.sort(cdist(points, points), axis=1)[:, k]
    np.testing.assert_allclose(radii(points, k), expected, rtol=1e-4)


def test_copies_are_memorised_and_new_images_are_not() -> None:
    training, held_out, fresh = normal(4, 2000, 5), normal(5, 1000, 5), normal(6, 1000, 5)
    own = own_distances(training, in_features)
    usual = closeness(held_out, training, in_features, own)
    copies = training[:500] + normal(12, 500, 5) * 0.01
    assert memorised(closeness(copies, training, in_features, own), usual).mean() > 0.95
    assert memorised(closeness(fresh, training, in_features, own), usual).mean() == pytest.approx(
        0.01, abs=0.015
    )
    half = np.concatenate([copies, fresh[:500]])
    assert memorised(closeness(half, training, in_features, own), usual).mean() == pytest.approx(
        0.5, abs=0.03
    )


def test_copies_are_found_in_sparse_classes_as_in_dense_ones() -> None:
    dense, sparse = normal(13, 3, 1000, 5) * 0.05, normal(14, 3, 1000, 5) + 20
    training, held_out = (np.concatenate([dense[part], sparse[part]]) for part in (0, 1))
    own = own_distances(training, in_features)
    copies = (
        sparse[0] + normal(15, 1000, 5) * 0.05
    )  # farther from the originals than dense ones from each other
    found = memorised(
        closeness(copies, training, in_features, own), closeness(held_out, training, in_features, own)
    )
    assert found.mean() > 0.8
    fresh = np.concatenate([dense[2], sparse[2]])
    assert (
        memorised(
            closeness(fresh, training, in_features, own), closeness(held_out, training, in_features, own)
        ).mean()
        < 0.03
    )


def test_a_copy_that_was_moved_or_made_noisy_is_found(digits: Prepared) -> None:
    large = np.ones((1, 1, 4, 4), np.uint8)  # 32 pixels, of which one is not much
    training, held_out = (np.kron(digits.images(part), large) for part in ("train", "test"))
    own = own_distances(training, in_pixels)
    usual = closeness(held_out[:270], training, in_pixels, own)
    copies = training[::5]
    noisy = np.clip(copies + normal(17, *copies.shape) * 10, 0, 255).astype(np.uint8)
    for planted in (copies, np.roll(copies, 1, axis=3), np.roll(copies, -1, axis=2), noisy):
        assert memorised(closeness(planted, training, in_pixels, own), usual).mean() > 0.7
    fresh = closeness(held_out[270:], training, in_pixels, own)
    assert memorised(fresh, usual).mean() < 0.06


def test_copies_are_found_among_more_images_than_are_made_coarse_at_once() -> None:
    training = np.random.default_rng(18).integers(0, 256, (5003, 1, 8, 8), dtype=np.uint8)
    rows = np.array([0, 4999, 5000, 5002])
    distances, found = in_pixels(training[rows], training, None)
    assert found.tolist() == rows.tolist()
    assert distances.tolist() == [0] * 4


def test_the_own_distance_is_to_the_nearest_other() -> None:
    training = normal(16, 40, 3)
    rows = np.array([7, 3, 7, 39])
    expected = np.sort(cdist(training, training), axis=1)[rows, 1]
    np.testing.assert_allclose(own_distances(training, in_features)(rows), expected, rtol=1e-5)
    twins = np.concatenate([training, training[:1]])
    assert own_distances(twins, in_features)(np.array([0, 40])).tolist() == [0, 0]


def test_exact_duplicates_are_all_but_the_first_of_each() -> None:
    images = np.random.default_rng(7).integers(0, 256, (4, 1, 3, 3), dtype=np.uint8)
    assert exact_duplicates(images) == 0
    assert exact_duplicates(images[[0, 1, 1, 1, 2]]) == pytest.approx(2 / 5)


def test_near_duplicates() -> None:
    samples, usual = normal(8, 1000, 5), radii(normal(9, 1000, 5), 1)
    assert near_duplicates(radii(samples, 1), usual).mean() == pytest.approx(0.01, abs=0.015)
    repeated = np.concatenate([samples[:800], samples[:200] + 1e-5])
    assert near_duplicates(radii(repeated, 1), usual).mean() == pytest.approx(0.4, abs=0.02)
