"""Volumes as pictures: what is seen, how bright its sides are, and that a turn turns."""

import numpy as np
import pytest

from pipeline.kinds.shared import rays
from pipeline.kinds.shared.rays import PICTURE, rendered


def volume(*filled: tuple[int, int, int], side: int = 4) -> np.ndarray:
    found = np.zeros((1, side, side, side), bool)
    for place in filled:
        found[(0, *place)] = True
    return found


def test_an_empty_volume_is_black_and_a_full_one_shows_three_sides() -> None:
    assert not rendered(volume()).any()
    full = rendered(np.ones((1, 4, 4, 4), bool))[0]
    assert full.any(0).sum() == pytest.approx(
        PICTURE * (np.cos(np.radians(30)) + 0.5) / (2 * rays.REACH), abs=2
    )
    flat = np.bincount(full[full > 0] // 16) > 100  # grey levels that cover something
    assert flat.sum() >= 3
    top, bottom = (full[row][full[row] > 0].mean() for row in (24, 70))
    assert top > bottom  # light comes from above


def test_a_voxel_is_seen_where_it_is() -> None:
    """The first slice is in front, the first row on top, the first column on the left; unturned."""

    def middle(*place: int) -> np.ndarray:
        return np.argwhere(rendered(volume(place), turn=0)[0]).mean(0)

    centre = middle(1, 1, 1)
    assert middle(1, 1, 2)[1] > centre[1] + 5
    assert middle(1, 2, 1)[0] > centre[0] + 5
    assert middle(2, 1, 1)[0] < centre[0] - 2  # farther back is higher up, as seen from above
    assert middle(2, 1, 1)[1] == pytest.approx(centre[1])


def test_what_is_in_front_hides_what_is_behind() -> None:
    front, both = (rendered(volume(*places), turn=0) for places in ([(0, 1, 1)], [(0, 1, 1), (3, 1, 1)]))
    assert np.array_equal(both[front > 0], front[front > 0])


def test_after_a_whole_turn_it_looks_the_same_and_after_half_a_turn_from_behind() -> None:
    some = volume((0, 1, 1), (3, 2, 0), (1, 0, 3))
    assert np.abs(rendered(some, 0).astype(int) - rendered(some, 360)).max() <= 1
    behind = some[:, ::-1, :, ::-1]
    assert np.abs(rendered(some, 180).astype(int) - rendered(behind, 0)).max() <= 1
    assert not np.array_equal(rendered(some, 0), rendered(some, 90))
