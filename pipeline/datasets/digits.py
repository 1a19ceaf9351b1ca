"""The data set `digits`: 1,797 handwritten digits of 8x8 pixels that come with scikit-learn; no download."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(DataParams):
    """`test_fraction` of every class is held out."""

    library: ClassVar = "scikit-learn"
    test_images: ClassVar = "held out"


def download(data: Params, raw: Path) -> None:
    """Write scikit-learn's arrays into `raw`."""
    from pipeline.data import bundled

    bundled.download(raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` wrote."""
    from pipeline.data import bundled

    return bundled.originals(*bundled.read(raw), data.test_fraction)
