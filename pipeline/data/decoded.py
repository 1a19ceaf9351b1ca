"""Pictures that are decoded once: copies are told by all their pixels, and these wait on disk in one size.

Which part a picture belongs to is known when all have been looked at; to decode them again would take twice
as long.
"""

import hashlib
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import torch

from pipeline.data.images import fit


class Decoded:
    """Pictures by their rows, in the order in which they were added; one at a time is in memory."""

    def __init__(self, folder: Path, size: int) -> None:
        """Pixels of `size` a side wait in `folder`, in a file without a name, which goes with the process."""
        self.hashes: list[str] = []  # equal where size, channels and every pixel are
        self.channels: list[int] = []  # 1 or 3
        self._size, self._starts = size, []
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, picture: torch.Tensor) -> None:
        """Take in uint8 [1 or 3, H, W], in its own size."""
        seen = hashlib.sha256(str(tuple(picture.shape)).encode())
        seen.update(np.ascontiguousarray(picture.permute(1, 2, 0)))  # as a decoder lays them out: no copy
        self.hashes.append(seen.hexdigest())
        self.channels.append(len(picture))
        self._starts.append(self._file.tell())
        self._file.write(fit(picture[None], self._size, len(picture)).numpy().tobytes())

    def batches(self, rows: Iterable[int]) -> Iterator[torch.Tensor]:
        """Yield uint8 [1, 1 or 3, size, size] for each of the rows."""
        for row in rows:
            shape = (1, self.channels[row], self._size, self._size)
            self._file.seek(self._starts[row])
            pixels = bytearray(self._file.read(shape[1] * self._size**2))
            yield torch.frombuffer(pixels, dtype=torch.uint8).reshape(shape)
