"""Half of MNIST, and beside it, unpaired, the negatives of the other half: no digit is in both."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.params import DataParams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.data.originals import Originals


class Params(DataParams):
    """It brings its own test images."""

    plain: ClassVar = False


def download(data: Params, raw: Path) -> None:
    """Fetch MNIST's four files into `raw`."""
    from pipeline.data import idx

    idx.download("MNIST", "mnist", raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` brought, and share it out."""
    from pipeline.data import idx, unpaired

    return unpaired.halves(idx.load("MNIST", raw), lambda images: 255 - images)


def paired(images: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """The negatives of images [N, 1, H, W]."""
    return 255 - images
