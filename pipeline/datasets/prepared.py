"""Prepared data: the arrays that training and scoring read, and the paths of what the data stages write."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np

from pipeline.errors import UserError
from pipeline.files import sha256_of
from pipeline.params import DataParams

SplitName = Literal["train", "test"]
DESCRIPTION = "dataset.json"
_REMEDY = "run `dvc repro`, or `python -m stages.download` and `python -m stages.preprocess`"


def raw_dir(data: DataParams) -> Path:
    """Where the download stage writes."""
    return Path("data", "raw", data.dataset)


def prepared_dir(data: DataParams) -> Path:
    """Where the preprocess stage writes."""
    return Path("data", "prepared", f"{data.dataset}-{data.size}")


@dataclass(frozen=True)
class Prepared:
    """A data set of square uint8 images; the fields are those of its dataset.json."""

    folder: Path
    dataset: str
    size: int  # pixels a side
    channels: int  # 1 or 3
    classes: list[str]  # in the order of the labels; empty: unconditional, all labels 0
    counts: Mapping[str, Any]  # split -> {"total": n, "per_class": {class name: n}}
    sha256: Mapping[str, str]  # file name -> checksum
    digest: str  # SHA-256 over those: the identity of the data

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open what `prepare` wrote; UserError if it is missing or not as its dataset.json says."""
        try:
            about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            prepared = cls(folder, **about)
            for split in get_args(SplitName):
                prepared._check(split)
        except FileNotFoundError as error:
            raise UserError(f"{error.filename} is missing: {_REMEDY}") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f"{folder} is damaged ({error}): {_REMEDY}") from error
        return prepared

    @property
    def label_count(self) -> int:
        """How many values a label takes: the number of classes, or 1 where there are none."""
        return max(1, len(self.classes))

    def images(self, split: SplitName) -> np.ndarray:
        """uint8 [N, channels, size, size], read from the disk as it is touched."""
        return np.load(self.folder / f"{split}_images.npy", mmap_mode="r")

    def labels(self, split: SplitName) -> np.ndarray:
        """int64 [N]."""
        return np.load(self.folder / f"{split}_labels.npy")

    def verify(self) -> None:
        """UserError if a file is no longer what was prepared: its bytes are read once, a block at a time."""
        for name, prepared in self.sha256.items():
            if sha256_of(self.folder / name) != prepared:
                raise UserError(f"{self.folder / name} has changed since it was prepared: {_REMEDY}")

    def _check(self, split: SplitName) -> None:
        total = self.counts[split]["total"]
        for array, dtype, shape in (
            (self.images(split), np.uint8, (total, self.channels, self.size, self.size)),
            (self.labels(split), np.int64, (total,)),
        ):
            if array.dtype != dtype or array.shape != shape:
                found = f"{array.dtype} {array.shape}"
                raise ValueError(f"{split}: expected {dtype.__name__} {shape}, found {found}")
