"""Near copies: the same picture saved again, in another size, or touched up a little.

A difference hash finds who may be alike (N. Krawetz, "Kind of Like That", 2013): of a grey picture of 8 x 9
pixels, whether each pixel is brighter than its left neighbour, 64 bits. A second look, at 16 x 16 pixels,
decides.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BITS = 3  # of 64 in which near copies may differ; so they agree in one of 4 bands of 16
LEVELS = 6.0  # grey levels by which their small pictures may differ, on average
PLAIN = 8  # fewer bits set, or not set: there is too little in a picture to tell it by
NEIGHBOURS = 50  # pictures with the same band that each is held against, at most


class Alike:
    """Small pictures of all that were added, and who is a near copy of whom."""

    def __init__(self) -> None:
        self._hashes: list[int] = []
        self._small: list[NDArray[np.uint8]] = []

    def add(self, grey: NDArray[np.uint8]) -> None:
        """Take in a grey picture, [H, W]."""
        picture = Image.fromarray(grey)
        self._hashes.append(difference_hash(picture))
        self._small.append(np.asarray(picture.resize((16, 16), Image.Resampling.BOX)))

    def pairs(self) -> list[tuple[int, int]]:
        """Each near copy once, after the first picture that it is like, by the order of adding."""
        if len(self._hashes) < 2:
            return []
        hashes, small = np.array(self._hashes, np.uint64), np.stack(self._small).astype(np.int16)
        counts = np.bitwise_count(hashes)
        told = np.flatnonzero((counts >= PLAIN) & (counts <= 64 - PLAIN))
        first: dict[int, int] = {}
        for band in range(4):
            keys = (hashes[told] >> np.uint64(16 * band)) & np.uint64(0xFFFF)
            order = np.argsort(keys, kind="stable")
            for one, other in _same_band(told[order], keys[order], hashes):
                if np.abs(small[one] - small[other]).mean() <= LEVELS:
                    early, late = sorted((int(one), int(other)))
                    first[late] = min(early, first.get(late, early))
        return sorted((early, late) for late, early in first.items())


def _same_band(
    rows: NDArray[np.int64], keys: NDArray[np.uint64], hashes: NDArray[np.uint64]
) -> list[tuple[int, int]]:
    """Pairs of rows, sorted by their keys, that have one key and hashes few bits apart."""
    found: list[tuple[int, int]] = []
    for step in range(1, min(NEIGHBOURS, len(rows))):
        same = np.flatnonzero(keys[step:] == keys[:-step])
        if not len(same):
            break
        one, other = rows[same], rows[same + step]
        near = np.bitwise_count(hashes[one] ^ hashes[other]) <= BITS
        found += zip(one[near], other[near], strict=True)
    return found


def difference_hash(picture: Image.Image) -> int:
    """The 64 bits of a grey picture, row by row, the first one highest."""
    pixels = np.asarray(picture.resize((9, 8), Image.Resampling.BOX)).astype(np.int16)
    return int("".join("01"[bit] for bit in (pixels[:, 1:] > pixels[:, :-1]).ravel().astype(int)), 2)
