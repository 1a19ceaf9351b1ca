"""The data set `digits`: 1,797 handwritten digits of 8x8 pixels that come with scikit-learn; no download.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.errors import UserError
from pipeline.files import atomic_path
from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals

_BRIGHTEST = 16  # a pixel counts the ink in a cell of 4x4


class Params(DataParams):
    """`test_fraction` of every class is held out."""

    library: ClassVar = "scikit-learn"
    test_images: ClassVar = "held out"


def download(data: Params, raw: Path) -> None:
    """Write scikit-learn's arrays as they are, so that DVC sees their content."""
    import numpy as np
    from sklearn.datasets import load_digits

    bundled = load_digits()
    with atomic_path(raw) as part:
        part.mkdir()
        np.save(part / "images.npy", bundled.images.astype(np.uint8))
        np.save(part / "labels.npy", bundled.target.astype(np.int64))


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` wrote, values stretched to 0..255."""
    import numpy as np
    import torch

    from pipeline.data.originals import Originals, hold_out, split_of_arrays

    try:
        ink, labels = (np.load(raw / name) for name in ("images.npy", "labels.npy"))
    except (OSError, ValueError):
        raise UserError(f"{raw} is missing or damaged: run `python -m stages.download`") from None
    images = torch.from_numpy(np.rint(ink * (255 / _BRIGHTEST)).astype(np.uint8))[:, None]
    classes = [str(digit) for digit in range(10)]
    train, test = (
        split_of_arrays(images[rows], labels[rows]) for rows in hold_out(labels, data.test_fraction, classes)
    )
    return Originals(classes, 1, train, test)
