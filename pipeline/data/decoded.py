"""Pictures that are decoded once: copies are told by all their pixels, and these wait on disk in one size.

Which part a picture belongs to is known when all have been looked at; to decode them again would take twice
as long.
"""

import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.data.alike import Alike
from pipeline.data.images import digest, fit
from pipeline.data.squares import squares


class Decoded:
    """Pictures by their rows, in the order in which they were added; one at a time is in memory.

    After them, by the rows that follow, further squares of some.
    """

    def __init__(self, folder: Path, size: int, way: str = "centre") -> None:
        """Squares of `size` a side, made the `way` of squares.py, wait in `folder` in a file without a name.

        It goes with the process.
        """
        self.hashes: list[str] = []  # equal where size, channels and every pixel are
        self.channels: list[int] = []  # 1 or 3
        self.ratios: list[float] = []  # of the long side to the short
        self.alike = Alike()
        self._size, self._way, self._starts = size, way, []
        self._further: list[tuple[int, int]] = []  # the row of the picture, and where a square of it starts
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, picture: torch.Tensor) -> None:
        """Take in uint8 [1 or 3, H, W], in its own size."""
        self.hashes.append(digest(picture))
        short, long = sorted(picture.shape[1:])
        self.ratios.append(long / short)
        own, *further = squares(picture, self._size, self._way)
        self._starts.append(self._written(own))
        self._further += [(len(self.channels), self._written(square)) for square in further]
        self.channels.append(len(picture))
        self.alike.add(fit(own, self._size, 1)[0, 0].numpy())

    def _written(self, square: torch.Tensor) -> int:
        start = self._file.tell()
        self._file.write(square.numpy().tobytes())
        return start

    @property
    def further_of(self) -> NDArray[np.int64]:
        """Of which row each further square is."""
        return np.array([row for row, _ in self._further], np.int64)

    def batches(self, rows: Iterable[int]) -> Iterator[torch.Tensor]:
        """Yield uint8 [1, 1 or 3, size, size] for each of the rows."""
        for row in rows:
            beyond = row - len(self._starts)
            row, start = self._further[beyond] if beyond >= 0 else (row, self._starts[row])
            shape = (1, self.channels[row], self._size, self._size)
            self._file.seek(start)
            pixels = bytearray(self._file.read(shape[1] * self._size**2))
            yield torch.frombuffer(pixels, dtype=torch.uint8).reshape(shape)
