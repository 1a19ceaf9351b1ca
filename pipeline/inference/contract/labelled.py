"""An attribute that a person saw in samples: a table of seeds and values."""

import csv
import io
from pathlib import Path

import numpy as np

from pipeline.inference import files
from pipeline.inference.contract.attributes import Attribute, classes_of, fitted
from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.walks import latents
from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared.values import number

MAX_BYTES = 2**26


def told(generator: Generator, path: Path) -> Attribute:
    """Return the attribute that a .csv file tells of, by the file's name: `smile` of smile.csv.

    It has a column `seed`, a column `value` (any number, the more of the attribute the larger) and, of a
    conditional generator, a column `label`: what `gan-infer --labels` writes, with the values added. Others
    are ignored.
    """
    needed = ["seed", "value", *(["label"] if generator.description.conditional else [])]
    rows = _rows(path, needed)
    labels = np.array([row[2] for row in rows], np.int64) if generator.description.conditional else None
    seeds, values = [int(row[0]) for row in rows], np.array([row[1] for row in rows])
    if labels is not None and not ((labels >= 0) & (labels < len(generator.description.classes))).all():
        raise InferenceError(f"{path}: label: say 0 to {len(generator.description.classes) - 1}")
    try:
        classes = classes_of(generator, labels, seeds)
        return fitted([path.stem], latents(generator, seeds), values[:, None], classes)[0]
    except InferenceError as error:
        raise InferenceError(f"{path}: {error}") from None


def _rows(path: Path, needed: list[str]) -> list[list[float]]:
    """Return the columns `needed` of each line as numbers."""
    text = files.read_at_most(path, MAX_BYTES).decode("utf-8", "surrogateescape")
    table = csv.DictReader(io.StringIO(text))
    missing = [name for name in needed if name not in (table.fieldnames or ())]
    if missing:
        raise InferenceError(f"{path}: no column {' and no '.join(missing)}; say {','.join(needed)} first")
    rows = []
    for row in table:
        try:
            rows.append([number(row[name] or "") for name in needed])
            if any(value % 1 for value, name in zip(rows[-1], needed, strict=True) if name != "value"):
                raise InferenceError("seed and label are whole numbers")
        except InferenceError as error:
            raise InferenceError(f"{path}, line {table.line_num}: {error}") from None
    return rows
