"""What data sets of volumes share, and pictures made into some."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from pipeline.params import DataParams

if TYPE_CHECKING:
    from torch import Tensor


class VolumeParams(DataParams):
    """`size` is the side in voxels, 16 to 64: coarser ones show no legs, finer ones fill the memory."""

    plain: ClassVar = False

    @model_validator(mode="after")
    def _is_a_side_of_a_volume(self) -> Self:
        if not 16 <= self.size <= 64:
            raise ValueError(f"`size`: volumes have 16 to 64 voxels a side, not {self.size}")
        if self.channels == 3:
            raise ValueError("`channels`: volumes have no colours: 1, or null")
        return self


def download_nothing(raw: Path) -> None:
    """Leave a folder with a list of no files, for a data set that is computed."""
    from pipeline.files import atomic_path, write_json

    with atomic_path(raw) as part:
        part.mkdir()
        write_json(part / "contents.json", {"files": []})


def extruded(images: "Tensor", side: int) -> "Tensor":
    """Pictures uint8 [N, 1, S, S] as plates, uint8 [N, 1, side, side, side]: filled where brighter than half.

    They stand in the middle, upright, and are a quarter of the side thick.
    """
    import torch

    from pipeline.data.images import scaled

    volumes = torch.zeros(len(images), 1, side, side, side, dtype=torch.uint8)
    begin, thick = 3 * side // 8, side // 4
    volumes[:, :, begin : begin + thick] = torch.where(scaled(images, side) >= 128, 255, 0)[:, :, None].byte()
    return volumes
