"""Fields and tables of images without a data set, for tests of networks and steps."""

from typing import Any

import numpy as np
import torch

from pipeline import systems
from pipeline.fields import Fields, image, label
from pipeline.params import Params
from pipeline.training.batches import Batches, Table

CPU = torch.device("cpu")


def image_fields(channels: int, size: int, classes: int) -> Fields:
    """Those of square images in so many classes with as many they are made of, and of a second table."""
    one, its_label = image(channels, size), label([str(index) for index in range(classes)])
    first, second = {"images": one, "labels": its_label}, {"other": one, "other_labels": its_label}
    return first | {"source": one} | second


def build(params: Params, channels: int = 1, classes: int = 10) -> Any:
    """The system that `params` describes, for images of that kind."""
    return systems.build(params, image_fields(channels, params.data.size, classes))


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
