"""The data set `voxel_digits`: the digits that come with scikit-learn as plates of voxels; no download."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.data import volumes

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(volumes.VolumeParams):
    """`test_fraction` of every class is held out."""

    library: ClassVar = "scikit-learn"
    test_images: ClassVar = "held out"


def download(data: Params, raw: Path) -> None:
    """Write scikit-learn's arrays into `raw`."""
    from pipeline.data import bundled

    bundled.download(raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` wrote, and give it depth."""
    from dataclasses import replace

    from pipeline.data import bundled
    from pipeline.fields import voxels

    images, labels = bundled.read(raw)
    plates = volumes.extruded(images, data.size)
    return replace(bundled.originals(plates, labels, data.test_fraction), field=voxels(data.size))
