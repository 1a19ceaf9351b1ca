"""1,797 handwritten digits of 8x8 pixels that come with scikit-learn; no download.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor

from pipeline.data.originals import Originals, hold_out, split_of_arrays
from pipeline.errors import UserError
from pipeline.files import atomic_path

CLASSES = [str(digit) for digit in range(10)]
_BRIGHTEST = 16  # a pixel counts the ink in a cell of 4x4


def download(raw: Path) -> None:
    """Write scikit-learn's arrays as they are, so that DVC sees their content."""
    bundled = load_digits()
    with atomic_path(raw) as part:
        part.mkdir()
        np.save(part / "images.npy", bundled.images.astype(np.uint8))
        np.save(part / "labels.npy", bundled.target.astype(np.int64))


def read(raw: Path) -> tuple[Tensor, NDArray[np.int64]]:
    """What `download` wrote: images uint8 [N, 1, 8, 8], values stretched to 0..255, and labels [N]."""
    try:
        ink, labels = (np.load(raw / name) for name in ("images.npy", "labels.npy"))
    except (OSError, ValueError):
        raise UserError(f"{raw} is missing or damaged: run `python -m stages.download`") from None
    return torch.from_numpy(np.rint(ink * (255 / _BRIGHTEST)).astype(np.uint8))[:, None], labels


def originals(images: Tensor, labels: NDArray[np.int64], test_fraction: float) -> Originals:
    """Such images as a table; `test_fraction` of every class is held out."""
    train, test = (
        split_of_arrays(images[rows], labels[rows]) for rows in hold_out(labels, test_fraction, CLASSES)
    )
    return Originals(CLASSES, 1, train, test)
