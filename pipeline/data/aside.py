"""Which training images are set aside: nothing learns from them, so that settings can be chosen by them.

They gate the judges and are the floor of every score. The test images are for the report alone.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.streams import stream

FEWEST = 20  # real images of a part: with fewer, neighbours and halves of them mean nothing
LARGEST = 6  # at most one in so many training images, and of each class one in half as many


def choose_aside(
    train_labels: NDArray[np.int64], test_labels: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Rows of the training images to set aside, int64 [<= count], rising, in the test images' class shares.

    At most a sixth of them all. A class that has too few gives a third of what it has. The choice depends on
    nothing but the labels: runs of different seeds leave out the same images.
    """
    count = min(count, len(train_labels) // LARGEST)
    classes = int(max(train_labels.max(), test_labels.max())) + 1
    wanted = shared_out(count, np.bincount(test_labels, minlength=classes))
    rows = []
    for label, number in enumerate(wanted):
        members = np.flatnonzero(train_labels == label)
        order = torch.randperm(len(members), generator=stream(0, "images set aside", label)).numpy()
        rows.append(members[order[: min(number, 2 * len(members) // LARGEST)]])
    return np.sort(np.concatenate(rows))


def shared_out(total: int, weights: NDArray[np.integer]) -> NDArray[np.int64]:
    """`total` as whole numbers in the proportions of `weights` [K], by the largest remainders."""
    exact = total * weights / weights.sum()
    whole = np.floor(exact).astype(np.int64)
    missing = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return whole
