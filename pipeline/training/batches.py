"""Tables whole on the device, images as uint8, shuffled and cut into batches there.

A table that is larger than half of the device's memory stays on the disk, and each batch is read from there.
The batches are the same either way, to the byte.
"""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from pipeline.data.prepared import Prepared
from pipeline.pixels import to_float
from pipeline.streams import stream
from pipeline.systems.base import Drawn
from pipeline.training.device import memory

SHARE = 0.5  # of the device's memory; the rest is for networks and what they compute


class Table:
    """Arrays [N, ...] by their fields, whose rows belong together; `rows`, int64 [M], are trained on."""

    def __init__(
        self, arrays: Mapping[str, np.ndarray], rows: np.ndarray | None, device: torch.device, name: str = ""
    ) -> None:
        """Arrays may be memory maps; without `rows` all are trained on; `name` tells its shuffles apart."""
        on_disk = sum(array.nbytes for array in arrays.values()) > SHARE * memory(device)
        place = torch.device("cpu") if on_disk else device
        self.device = device
        self.fields = {
            field: _left_on_disk(array) if on_disk and array.ndim > 1 else _loaded(array, place)
            for field, array in arrays.items()
        }
        count = len(next(iter(arrays.values())))
        self.rows = (torch.arange(count) if rows is None else torch.from_numpy(rows)).to(place)
        self._purpose = f"shuffle of {name}" if name else "shuffle"
        self._pass, self._order = -1, self.rows

    def __len__(self) -> int:
        return len(self.rows)

    def shuffled(self, number: int, seed: int) -> Tensor:
        """All rows in the order of pass `number`."""
        if number != self._pass:
            order = torch.randperm(len(self.rows), generator=stream(seed, self._purpose, number))
            self._pass, self._order = number, self.rows[order.to(self.rows.device)]
        return self._order

    def take(self, rows: Tensor) -> dict[str, Tensor]:
        """Those rows of each field; images float in [-1, 1], channels last."""
        taken = {}
        for name, values in self.fields.items():
            chosen = values.index_select(0, rows).to(self.device)
            taken[name] = to_float(chosen) if chosen.dtype == torch.uint8 else chosen
        return taken


class Batches:
    """Batch number i of an endless shuffled pass over tables; the same for the same (seed, i).

    The first defines the epoch, whose incomplete last batch is left out. Of any other the passes are one
    endless chain, so a few rows serve any batch. `share` is the part of each batch that is given out.
    """

    def __init__(self, tables: Sequence[Table], batch: int, seed: int, share: slice = slice(None)) -> None:
        self.tables = tables
        self.batch = batch
        self.seed = seed
        self.share = share
        self.per_epoch = len(tables[0]) // batch

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """This rank's share of each field [N, ...], by name."""
        first, *others = self.tables
        epoch, position = divmod(index, self.per_epoch)
        order = first.shuffled(epoch, self.seed)
        batch = first.take(order[position * self.batch : (position + 1) * self.batch][self.share])
        for table in others:
            batch |= table.take(self._chained(table, index)[self.share])
        return batch

    def _chained(self, table: Table, index: int) -> Tensor:
        """The rows of batch number `index` in the endless chain of passes."""
        found, start = [], index * self.batch
        while start < (index + 1) * self.batch:
            number, position = divmod(start, len(table))
            rows = table.shuffled(number, self.seed)[position : position + (index + 1) * self.batch - start]
            found.append(rows)
            start += len(rows)
        return torch.cat(found)


def tables_of(drawn: Sequence[Drawn], data: Prepared, device: torch.device) -> list[Table]:
    """What a system trains on."""
    tables = []
    for number, (fields, rows) in enumerate(drawn):
        arrays = {name: data.file("train", field) for name, field in fields.items()}
        if 2 * len(rows) < len(next(iter(arrays.values()))):  # a few of many: they alone are loaded
            arrays, rows = {name: array[rows] for name, array in arrays.items()}, None
        tables.append(Table(arrays, rows, device, next(iter(fields)) if number else ""))
    return tables


def _loaded(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.array(array)).to(device)


def _left_on_disk(array: np.ndarray) -> Tensor:
    """The memory map as a tensor: pages are read as a batch touches them, and dropped as room is needed."""
    with warnings.catch_warnings(action="ignore"):  # of a tensor that must not be written to
        return torch.from_numpy(array)
