"""The data set `voxels`: chairs, tables, lamps, cars and tori as volumes, drawn here; no download."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(DataParams):
    """`size` is the side in voxels, 16 to 64: coarser ones show no legs, finer ones fill the memory."""

    library: ClassVar = "numpy"
    plain: ClassVar = False

    @model_validator(mode="after")
    def _is_a_side_of_a_volume(self) -> Self:
        if not 16 <= self.size <= 64:
            raise ValueError(f"`size`: volumes have 16 to 64 voxels a side, not {self.size}")
        if self.channels == 3:
            raise ValueError("`channels`: volumes have no colours: 1, or null")
        return self


def download(data: Params, raw: Path) -> None:
    """Leave an empty folder with a note: all is computed by `load`."""
    from pipeline.files import atomic_path, write_json

    with atomic_path(raw) as part:
        part.mkdir()
        write_json(part / "contents.json", {"files": []})


def load(data: Params, raw: Path) -> "Originals":
    """Draw the shapes."""
    from pipeline.data import shapes

    return shapes.originals(data.size)
