"""The data set whole on the device as uint8, shuffled and cut into batches there."""

import numpy as np
import torch
from torch import Tensor

from pipeline.pixels import to_float
from pipeline.streams import stream


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
    ) -> None:
        """Take uint8 images [N, C, H, W] and int64 labels [N]; the incomplete last batch is left out.

        `share` is the part of every batch that is given out.
        """
        self.images = torch.from_numpy(np.array(images)).to(device)
        self.labels = torch.from_numpy(np.array(labels)).to(device)
        self.batch = batch
        self.share = share
        self.seed = seed
        self.per_epoch = len(images) // batch
        self._epoch = -1
        self._order = torch.empty(0)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Images float [N, C, H, W] in [-1, 1], channels last, and their labels [N]: the share of a batch."""
        epoch, position = divmod(index, self.per_epoch)
        if epoch != self._epoch:
            order = torch.randperm(len(self.images), generator=stream(self.seed, "shuffle", epoch))
            self._order, self._epoch = order.to(self.images.device), epoch
        chosen = self._order[position * self.batch : (position + 1) * self.batch][self.share]
        return to_float(self.images.index_select(0, chosen)), self.labels.index_select(0, chosen)
