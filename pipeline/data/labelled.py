"""A few training images that have labels, beside the many that have none."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.data.aside import shared_out
from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.streams import stream


def check_labels(labels: int, classes: Sequence[str], kind: str) -> None:
    """UserError where `labels` images are too few for one of each of two classes or more."""
    if not 2 <= len(classes) <= labels:
        raise UserError(
            f"model.labels: {labels} for {len(classes)} classes: {kind} needs two classes or more, and a "
            "labelled image of each"
        )


def labelled_table(
    data: Prepared, rows: NDArray[np.int64], count: int, seed: int
) -> tuple[Mapping[str, str], NDArray[np.int64]]:
    """`count` of the training `rows`, as many of each class, as the table `labelled` and `classes`."""
    labels = data.file("train", "labels")[rows]
    few = few_of_each(labels, len(data.classes), count, stream(seed, "labelled images"))
    return {"labelled": "images", "classes": "labels"}, np.sort(rows[few])


def few_of_each(
    labels: NDArray[np.int64], classes: int, count: int, source: torch.Generator
) -> NDArray[np.int64]:
    """Draw `count` images with these labels, as many of each class: their places, class after class."""
    wanted = shared_out(count, np.ones(classes, np.int64))
    order = torch.randperm(len(labels), generator=source).numpy()
    return np.concatenate([order[labels[order] == label][:number] for label, number in enumerate(wanted)])
