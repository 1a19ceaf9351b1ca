"""From the original files to prepared arrays of one size."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from pipeline.data.aside import choose_aside
from pipeline.data.boxes import in_shares, inked
from pipeline.data.images import fit
from pipeline.data.limits import limits
from pipeline.data.originals import Originals, Split
from pipeline.data.prepared import DESCRIPTION, Prepared
from pipeline.data.progress import items_bar
from pipeline.datasets import load
from pipeline.fields import Field, Fields, box, image, label, to_json
from pipeline.files import atomic_path, sha256_of, write_json
from pipeline.params import DataParams

CHUNK = 1000  # images at a time, where all would not be in memory


def prepare(
    data: DataParams, raw: Path, target: Path, check: Callable[[Originals], None] | None = None
) -> Prepared:
    """Turn the originals in `raw` into the folder `target`, whole or not at all; `check` may refuse them.

    It holds {train,test}_<field>.npy for each field, and dataset.json; `Prepared` tells their form.
    """
    with atomic_path(target) as part:
        originals = load(data, raw)
        if check:
            check(originals)
        part.mkdir()
        named = {"images": originals, **originals.others}
        with items_bar() as bar:
            written = [_write_table(part, name, table, data, bar) for name, table in named.items()]
        sha256 = {path.name: sha256_of(path) for path in sorted(part.iterdir())}
        about = {
            "dataset": data.dataset,
            "fields": {name: to_json(field) for fields, _ in written for name, field in fields.items()},
            "tables": [table for _, table in written],
            "sha256": sha256,
            "digest": hashlib.sha256(json.dumps(sha256).encode()).hexdigest(),
        }
        write_json(part / DESCRIPTION, about)
    return Prepared.open(target)


def _write_table(
    folder: Path, name: str, table: Originals, data: DataParams, bar: Progress
) -> tuple[Fields, dict[str, Any]]:
    """Write images and labels of one table, and what is beside them.

    Returns their fields, and what dataset.json says of the table.
    """
    labels = "labels" if name == "images" else f"{name}_labels"
    fields = {
        name: table.field or image(data.channels or table.channels, data.size),
        labels: label(table.classes),
        **{field: image(one.channels, one.size or data.size) for field, one in table.beside.items()},
    }
    if table.captions:
        fields["captions"] = table.captions.field
    if table.boxes:
        fields["boxes"] = box()
    for split_name in ("train", "test"):
        for field, one in {name: table, **table.beside}.items():
            path = folder / f"{split_name}_{field}.npy"
            counts = _write_images(path, getattr(one, split_name), fields[field], bar)
            if split_name == "train" and fields[field].kind == "image":
                fields[field] = replace(fields[field], about={"limits": limits(counts)})
        np.save(folder / f"{split_name}_{labels}.npy", getattr(table, split_name).labels)
        if table.captions:
            np.save(folder / f"{split_name}_captions.npy", getattr(table.captions, split_name))
        if table.boxes:
            images = np.load(folder / f"{split_name}_{name}.npy", mmap_mode="r")
            np.save(folder / f"{split_name}_boxes.npy", _boxes(images))
    train, test = table.train.labels, table.test.labels
    aside = choose_aside(train[: len(train) - table.further], test, data.set_aside)
    parts = {"train": np.delete(train, aside), "aside": train[aside], "test": test}
    return fields, {
        "fields": list(fields),
        "counts": {part: _counts(found, table.classes) for part, found in parts.items()},
        "aside": aside.tolist(),
    }


def _write_images(path: Path, split: Split, field: Field, bar: Progress) -> np.ndarray:
    """Write the images of a split as .npy, uint8 [N, *shape of the field], as they come.

    Returns how many values there are of each grey level, int64 [256].
    Never all in memory, and not through a memory map either, where a full disk ends the process unasked.
    """
    shape = (len(split.labels), *field.shape)
    counts = np.zeros(256, np.int64)
    task = bar.add_task(path.stem.replace("_", " "), total=len(split.labels))
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for batch in split.batches():
            fitted = fit(batch, field.shape[1], field.shape[0]) if field.kind == "image" else batch
            file.write(fitted.numpy().tobytes())
            counts += np.bincount(fitted.numpy().ravel(), minlength=256)
            bar.advance(task, len(batch))
    return counts


def _boxes(images: np.ndarray) -> np.ndarray:
    """Where images [N, C, S, S] are inked: float32 [N, 4]."""
    starts = range(0, len(images), CHUNK)
    found = np.concatenate([inked(images[start : start + CHUNK]) for start in starts])
    return in_shares(found, images.shape[2])


def _counts(labels: np.ndarray, classes: list[str]) -> dict[str, Any]:
    per_class = {name: int(np.count_nonzero(labels == label)) for label, name in enumerate(classes)}
    return {"total": len(labels), "per_class": per_class}
