"""What a source hands to `prepare`: the two splits of a data set, its images still in their own sizes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch

from pipeline.errors import UserError
from pipeline.fields import Field
from pipeline.streams import stream

_BATCH = 1000  # images at a time; keeps a resize in the processor's cache and the bar moving


@dataclass(frozen=True)
class Split:
    """Images with their labels.

    labels: int64 [N]; 0 throughout where the data set has no classes.
    batches: returns an iterator over uint8 [n, C, H, W] tensors that together hold the N images in the order
        of the labels. n, C (1 or 3), H and W may differ from one tensor to the next.
    """

    labels: np.ndarray
    batches: Callable[[], Iterator[torch.Tensor]]

    def beginning(self, count: int) -> "Split":
        """Its first `count` images; all, if it has no more."""

        def batches() -> Iterator[torch.Tensor]:
            left = count
            for batch in self.batches():
                yield batch[:left]
                left -= len(batch)
                if left <= 0:
                    return

        return Split(self.labels[:count], batches)


@dataclass(frozen=True)
class Captions:
    """What is written of the images of either split: int64 [N, L], ids of words of `field`'s vocabulary."""

    field: Field
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Originals:
    """A whole data set; `channels` is 1 if all its images are grey, else 3; no classes: unconditional."""

    classes: list[str]
    channels: int
    train: Split
    test: Split
    further: int = 0  # training images at the end that were made of others before them, or repeat them
    remarks: tuple[str, ...] = ()  # what the user should know about what was made of the source, a line each
    others: Mapping[str, "Originals"] = field(default_factory=dict)  # further tables, by their images' field
    beside: Mapping[str, "Originals"] = field(default_factory=dict)  # further images of each row, likewise
    captions: Captions | None = None  # of each row
    boxes: bool = False  # where each image is inked is a field, too
    size: int | None = None  # pixels a side of what is prepared, where not data.size
    field: Field | None = None  # of what there is in place of images, of that shape already


def split_of_arrays(images: torch.Tensor, labels: np.ndarray) -> Split:
    """A split that is in memory. images: uint8 [N, C, H, W]; labels: any integers [N]."""
    return Split(labels.astype(np.int64), partial(iter, images.split(_BATCH)))


def hold_out(labels: np.ndarray, fraction: float, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Choose `fraction` of every class for the test: (train indices, test indices), each in rising order.

    Each class keeps at least one image on either side; UserError names a class that has one image only. The
    choice depends on nothing else: runs with different seeds are scored against the same test images.
    """
    is_test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            whose = f"class {classes[label]!r}" if classes else "the data set"
            raise UserError(f"{whose} has one image; two are needed, one to train on and one to test on")
        count = min(max(round(fraction * len(members)), 1), len(members) - 1)
        order = torch.randperm(len(members), generator=stream(0, "held-out test images", int(label)))
        is_test[members[order[:count].numpy()]] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)
