"""The data set `silhouettes`: the volumes of `voxels`, each with its silhouette; no download."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.data import volumes

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(volumes.VolumeParams):
    """They come with test volumes of their own; `size` is said of the volumes."""

    library: ClassVar = "numpy"


def download(data: Params, raw: Path) -> None:
    """Leave a folder without files: all is computed by `load`."""
    volumes.download_nothing(raw)


def load(data: Params, raw: Path) -> "Originals":
    """Draw the shapes, and look at each."""
    from pipeline.data import shapes
    from pipeline.data.silhouettes import with_silhouettes

    return with_silhouettes(shapes.originals(data.size))
