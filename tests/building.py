"""Fields and tables of images without a data set, for tests of networks and steps."""

from typing import Any

import numpy as np
import torch

from pipeline import systems
from pipeline.data import spoken
from pipeline.fields import Fields, box, image, label, text, voxels
from pipeline.params import Params
from pipeline.training.batches import Batches, Table

CPU = torch.device("cpu")


CAPTION = text(["a", "red", "three"], 4)
# what is no image, by data set
OTHERS = {"voxels": voxels, "silhouettes": voxels, "spoken_digits": spoken.field_of}
GIVEN = {"small_pairs": 0.25, "silhouettes": 2}  # how large what goes in is, a side, by data set


def image_fields(channels: int, size: int, classes: int, given: float = 1) -> Fields:
    """Those of square images in so many classes with as many they are made of, and a second table.

    What they are made of is so many times as large a side. There are captions and boxes, too.
    """
    one, its_label = image(channels, size), label([str(index) for index in range(classes)])
    first, second = {"images": one, "labels": its_label}, {"other": one, "other_labels": its_label}
    beside = {"source": image(channels, int(size * given)), "captions": CAPTION, "boxes": box()}
    return first | beside | second


def build(params: Params, channels: int = 1, classes: int = 10) -> Any:
    """The system that `params` describes, for images of that kind."""
    return systems.build(params, fields_for(params, channels, classes))


def fields_for(params: Params, channels: int = 1, classes: int = 10) -> Fields:
    """Those of the data that `params` names: images of that kind, volumes or mels."""
    fields = image_fields(channels, params.data.size, classes, GIVEN.get(params.data.dataset, 1))
    other = OTHERS.get(params.data.dataset)
    return fields | ({"images": other(params.data.size)} if other else {})


def batches_of(
    images: np.ndarray,
    labels: np.ndarray,
    batch: int,
    seed: int = 0,
    device: torch.device = CPU,
    share: slice = slice(None),
) -> Batches:
    """Batches of one table."""
    return Batches([Table({"images": images, "labels": labels}, None, device)], batch, seed, share)
