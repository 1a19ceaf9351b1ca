"""The data set `voxels`: chairs, tables, lamps, cars and tori as volumes, drawn here; no download."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.data import volumes

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(volumes.VolumeParams):
    """They come with test volumes of their own."""

    library: ClassVar = "numpy"


def download(data: Params, raw: Path) -> None:
    """Leave a folder without files: all is computed by `load`."""
    volumes.download_nothing(raw)


def load(data: Params, raw: Path) -> "Originals":
    """Draw the shapes."""
    from pipeline.data import shapes

    return shapes.originals(data.size)
