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
    """Leave a folder with nothing but a list of nothing: all is computed by `load`."""
    from pipeline.files import atomic_path, write_json

    with atomic_path(raw) as part:
        part.mkdir()
        write_json(part / "contents.json", {"files": []})


def load(data: Params, raw: Path) -> "Originals":
    """Draw the shapes."""
    from pipeline.data import shapes

    return shapes.originals(data.size)
