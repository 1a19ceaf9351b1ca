"""The data set whole on the device as uint8, shuffled and cut into batches there.

One that is larger than half of the device's memory stays on the disk, and each batch is read from there. The
batches are the same either way, to the byte.
"""

import warnings

import numpy as np
import torch
from torch import Tensor

from pipeline.pixels import to_float
from pipeline.streams import stream
from pipeline.training.device import memory

SHARE = 0.5  # of the device's memory; the rest is for networks and what they compute


class Batches:
    """Batch number i of an endless shuffled pass over the images; the same for the same (seed, i)."""

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        batch: int,
        seed: int,
        device: torch.device,
        share: slice = slice(None),
        rows: np.ndarray | None = None,
    ) -> None:
        """Take uint8 images [N, C, H, W], which may be a memory map, and int64 labels [N].

        `rows`, int64 [M], are those to train on, all if it isn't given. The incomplete last batch of an epoch
        is left out; `share` is the part of each that is given out.
        """
        self.device = device
        if images.nbytes > SHARE * memory(device):
            self.images = _left_on_disk(images)
        else:
            self.images = torch.from_numpy(np.array(images)).to(device)
        self.labels = torch.from_numpy(np.array(labels)).to(self.images.device)
        chosen = torch.arange(len(images)) if rows is None else torch.from_numpy(rows)
        self.rows = chosen.to(self.images.device)
        self.batch = batch
        self.share = share
        self.seed = seed
        self.per_epoch = len(chosen) // batch
        self._epoch = -1
        self._order = torch.empty(0)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Images float [N, C, H, W] in [-1, 1], channels last, and their labels [N]: the share of a batch."""
        epoch, position = divmod(index, self.per_epoch)
        if epoch != self._epoch:
            order = torch.randperm(len(self.rows), generator=stream(self.seed, "shuffle", epoch))
            self._order, self._epoch = self.rows[order.to(self.rows.device)], epoch
        chosen = self._order[position * self.batch : (position + 1) * self.batch][self.share]
        images = self.images.index_select(0, chosen).to(self.device)
        return to_float(images), self.labels.index_select(0, chosen).to(self.device)


def _left_on_disk(images: np.ndarray) -> Tensor:
    """The memory map as a tensor: pages are read as a batch touches them, and dropped as room is needed."""
    with warnings.catch_warnings(action="ignore"):  # of a tensor that must not be written to
        return torch.from_numpy(images)
