"""Prepared data: the arrays that training and scoring read."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from pipeline.errors import UserError
from pipeline.fields import Fields, class_count, from_json
from pipeline.files import sha256_of

Part = Literal["train", "aside", "test"]  # what is learnt from, what is chosen by, what is reported on
WORDS: dict[Part, str] = {"train": "training images", "aside": "images set aside", "test": "test images"}
DESCRIPTION = "dataset.json"
# on the disk, by kind
DTYPES = {
    "image": np.uint8,
    "voxels": np.uint8,
    "mel": np.uint8,
    "label": np.int64,
    "text": np.int64,
    "box": np.float32,
}
_REMEDY = "run `dvc repro`, or `python -m stages.download` and `python -m stages.preprocess`"


@dataclass(frozen=True)
class Table:
    """Fields whose rows belong together, and how many rows each part has."""

    fields: tuple[str, ...]  # images, then their labels, then further fields of the same rows
    counts: Mapping[str, Any]  # part -> {"total": n, "per_class": {class name: n}}
    aside: Sequence[int]  # training rows that nothing learns from

    @property
    def images(self) -> str:
        """The field of the images."""
        return self.fields[0]

    @property
    def labels(self) -> str:
        """The field of their labels."""
        return self.fields[1]


@dataclass(frozen=True)
class Prepared:
    """A data set in uint8 and int64 arrays; what it holds is said in its dataset.json."""

    folder: Path
    dataset: str
    fields: Fields
    tables: tuple[Table, ...]  # two are unpaired; the first defines the epoch
    sha256: Mapping[str, str]  # file name -> checksum
    digest: str  # SHA-256 over those: the identity of the data

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open what `prepare` wrote; UserError if it is missing or not as its dataset.json says."""
        prepared = cls.described(folder)
        try:
            for table in prepared.tables:
                prepared._check(table)
        except FileNotFoundError as error:
            raise UserError(f"{error.filename} is missing: {_REMEDY}") from None
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{folder} is damaged ({error}): {_REMEDY}") from error
        return prepared

    @classmethod
    def described(cls, folder: Path) -> Self:
        """What dataset.json says, without a look at the arrays."""
        try:
            about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            about["fields"] = {name: from_json(content) for name, content in about["fields"].items()}
            about["tables"] = tuple(Table(**content) for content in about["tables"])
            return cls(folder, **about)
        except FileNotFoundError as error:
            raise UserError(f"{error.filename} is missing: {_REMEDY}") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(f"{folder} is damaged ({error}): {_REMEDY}") from error

    def beginning_with(self, field: str) -> Self:
        """The same data with the table that holds these images first, and them first in it.

        They are what all below speaks of.
        """
        first = next(table for table in self.tables if field in table.fields)
        further = [name for name in first.fields if name not in (field, first.labels)]
        ordered = replace(first, fields=(field, first.labels, *further))
        return replace(self, tables=(ordered, *(table for table in self.tables if table is not first)))

    @property
    def channels(self) -> int:
        """Of the images: 1 or 3."""
        return self.fields[self.tables[0].images].shape[0]

    @property
    def size(self) -> int:
        """Of the images: pixels a side; of volumes voxels, of sounds bands."""
        return self.fields[self.tables[0].images].shape[1]

    @property
    def form(self) -> str:
        """Their sides and colours in words, such as "28x28 pixels, grey"."""
        field = self.fields[self.tables[0].images]
        sides = "x".join(map(str, field.shape[1:]))
        if field.kind == "voxels":
            return f"{sides} voxels"
        if field.kind == "mel":
            return f"{sides} bands and frames"
        return f"{sides} pixels, {'grey' if field.shape[0] == 1 else 'colour'}"

    @property
    def classes(self) -> list[str]:
        """Those of the labels in their order; empty: unconditional, all labels 0."""
        return self.fields[self.tables[0].labels].about["classes"]

    @property
    def label_count(self) -> int:
        """How many values a label takes: the number of classes, or 1 where there are none."""
        return class_count(self.fields[self.tables[0].labels])

    @property
    def counts(self) -> Mapping[str, Any]:
        """Of the first table: part -> {"total": n, "per_class": {class name: n}}."""
        return self.tables[0].counts

    @property
    def aside(self) -> Sequence[int]:
        """Of the first table: training rows that nothing learns from."""
        return self.tables[0].aside

    def images(self, part: Part) -> np.ndarray:
        """uint8 [N, channels, size, size], of volumes [N, 1, size, size, size], as they lie.

        Read as touched where all of a file is one part.
        """
        return self.part(self.tables[0].images, part)

    def labels(self, part: Part) -> np.ndarray:
        """int64 [N]."""
        return self.part(self.tables[0].labels, part)

    def part(self, field: str, part: Part) -> np.ndarray:
        """One field of one part, [N, ...]."""
        table = next(table for table in self.tables if field in table.fields)
        array = self.file("test" if part == "test" else "train", field)
        whole = part == "test" or (part == "train" and not table.aside)
        return array if whole else array[rows_of(table, part)]

    def rows(self, part: Part) -> np.ndarray:
        """Where in its file the images of a part lie, int64 [N], rising."""
        return rows_of(self.tables[0], part)

    def file(self, split: Literal["train", "test"], field: str) -> np.ndarray:
        """A whole array as a memory map, read from the disk as it is touched."""
        return np.load(self.folder / f"{split}_{field}.npy", mmap_mode="r")

    def verify(self) -> None:
        """UserError if a file is no longer what was prepared: its bytes are read once, a block at a time."""
        for name, prepared in self.sha256.items():
            if sha256_of(self.folder / name) != prepared:
                raise UserError(f"{self.folder / name} has changed since it was prepared: {_REMEDY}")

    def _check(self, table: Table) -> None:
        totals = {
            "train": len(rows_of(table, "train")) + len(table.aside),
            "test": len(rows_of(table, "test")),
        }
        for split, field in itertools.product(totals, table.fields):
            array, shape = self.file(split, field), (totals[split], *self.fields[field].shape)
            dtype = DTYPES[self.fields[field].kind]
            if array.dtype != dtype or array.shape != shape:
                found = f"{array.dtype} {array.shape}"
                raise ValueError(f"{split}: expected {dtype.__name__} {shape}, found {found}")


def rows_of(table: Table, part: Part) -> np.ndarray:
    """Where in its files the rows of a part of a table lie, int64 [N], rising."""
    if part == "aside":
        return np.array(table.aside, np.int64)
    total = table.counts[part]["total"] + (len(table.aside) if part == "train" else 0)
    return np.delete(np.arange(total), table.aside) if part == "train" else np.arange(total)
