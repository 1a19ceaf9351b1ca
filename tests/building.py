"""Fields and tables of images without a data set, for tests of networks and steps."""

from typing import Any

import numpy as np
import torch

from pipeline import systems
from pipeline.fields import Fields, image, label, text, voxels
from pipeline.params import Params
from pipeline.training.batches import Batches, Table
from tests.conftest import VOLUMES

CPU = torch.device("cpu")


CAPTION = text(["a", "red", "three"], 4)
GIVEN = {"small_pairs": 0.25, "silhouettes": 2}  # how large what goes in is, a side, by data set


def image_fields(channels: int, size: int, classes: int, given: float = 1) -> Fields:
    """Those of square images in so many classes with as many they are made of, captions, and a second table.

    What they are made of is so many times as large a side.
    """
    one, its_label = image(channels, size), label([str(index) for index in range(classes)])
    first, second = {"images": one, "labels": its_label}, {"other": one, "other_labels": its_label}
    return first | {"source": image(channels, int(size * given)), "captions": CAPTION} | second


def build(params: Params, channels: int = 1, classes: int = 10) -> Any:
    """The system that `params` describes, for images of that kind."""
    return systems.build(params, fields_for(params, channels, classes))


def fields_for(params: Params, channels: int = 1, classes: int = 10) -> Fields:
    """Those of the data that `params` names: images of that kind, or volumes."""
    fields = image_fields(channels, params.data.size, classes, GIVEN.get(params.data.dataset, 1))
    return fields | ({"images": voxels(params.data.size)} if params.data.dataset in VOLUMES else {})


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
