"""Half of the bundled digits, and beside them, unpaired, the negatives of the others: no digit is in both."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.params import DataParams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.data.originals import Originals


class Params(DataParams):
    """`test_fraction` of every class is held out of either table, `images` and `other`."""

    library: ClassVar = "scikit-learn"
    test_images: ClassVar = "held out"
    plain: ClassVar = False


def download(data: Params, raw: Path) -> None:
    """Write scikit-learn's arrays into `raw`."""
    from pipeline.data import bundled

    bundled.download(raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` wrote, and share it out."""
    from dataclasses import replace

    from pipeline.data import bundled
    from pipeline.data.originals import hold_out

    images, labels = bundled.read(raw)
    digits, negatives = (
        bundled.originals(shown[half], labels[half], data.test_fraction)
        for half, shown in zip(hold_out(labels, 0.5, bundled.CLASSES), (images, paired(images)), strict=True)
    )
    return replace(digits, others={"other": negatives})


def paired(images: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """The negatives of images [N, 1, H, W]."""
    return 255 - images
