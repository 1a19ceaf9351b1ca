"""Prepared data: the arrays that training and scoring read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from pipeline.errors import UserError
from pipeline.files import sha256_of

Part = Literal["train", "aside", "test"]  # what is learnt from, what is chosen by, what is reported on
DESCRIPTION = "dataset.json"
_REMEDY = "run `dvc repro`, or `python -m stages.download` and `python -m stages.preprocess`"


@dataclass(frozen=True)
class Prepared:
    """A data set of square uint8 images; the fields are those of its dataset.json."""

    folder: Path
    dataset: str
    size: int  # pixels a side
    channels: int  # 1 or 3
    classes: list[str]  # in the order of the labels; empty: unconditional, all labels 0
    counts: Mapping[str, Any]  # part -> {"total": n, "per_class": {class name: n}}
    aside: list[int]  # rows of train_images.npy that nothing learns from
    sha256: Mapping[str, str]  # file name -> checksum
    digest: str  # SHA-256 over those: the identity of the data

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open what `prepare` wrote; UserError if it is missing or not as its dataset.json says."""
        try:
            about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            prepared = cls(folder, **about)
            prepared._check("train", prepared.counts["train"]["total"] + len(prepared.aside))
            prepared._check("test", prepared.counts["test"]["total"])
        except FileNotFoundError as error:
            raise UserError(f"{error.filename} is missing: {_REMEDY}") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f"{folder} is damaged ({error}): {_REMEDY}") from error
        return prepared

    @property
    def label_count(self) -> int:
        """How many values a label takes: the number of classes, or 1 where there are none."""
        return max(1, len(self.classes))

    def images(self, part: Part) -> np.ndarray:
        """uint8 [N, channels, size, size], as they lie: read as touched where all of a file is one part."""
        return self._chosen(self.file("test" if part == "test" else "train", "images"), part)

    def labels(self, part: Part) -> np.ndarray:
        """int64 [N]."""
        return self._chosen(self.file("test" if part == "test" else "train", "labels"), part)

    def rows(self, part: Part) -> np.ndarray:
        """Where in its file the images of a part lie, int64 [N], rising."""
        if part == "aside":
            return np.array(self.aside, np.int64)
        total = self.counts[part]["total"] + (len(self.aside) if part == "train" else 0)
        return np.delete(np.arange(total), self.aside) if part == "train" else np.arange(total)

    def file(self, split: Literal["train", "test"], kind: Literal["images", "labels"]) -> np.ndarray:
        """A whole array as a memory map, read from the disk as it is touched."""
        return np.load(self.folder / f"{split}_{kind}.npy", mmap_mode="r")

    def _chosen(self, array: np.ndarray, part: Part) -> np.ndarray:
        return array[self.rows(part)] if part == "aside" or (part == "train" and self.aside) else array

    def verify(self) -> None:
        """UserError if a file is no longer what was prepared: its bytes are read once, a block at a time."""
        for name, prepared in self.sha256.items():
            if sha256_of(self.folder / name) != prepared:
                raise UserError(f"{self.folder / name} has changed since it was prepared: {_REMEDY}")

    def _check(self, split: Literal["train", "test"], total: int) -> None:
        for array, dtype, shape in (
            (self.file(split, "images"), np.uint8, (total, self.channels, self.size, self.size)),
            (self.file(split, "labels"), np.int64, (total,)),
        ):
            if array.dtype != dtype or array.shape != shape:
                found = f"{array.dtype} {array.shape}"
                raise ValueError(f"{split}: expected {dtype.__name__} {shape}, found {found}")
