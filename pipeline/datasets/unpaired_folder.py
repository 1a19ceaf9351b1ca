"""Two sets of your own images without pairs, from a folder or a .zip of one: `data.path`.

trainA/ and trainB/, with testA/ and testB/ or without; each is class folders, or one flat folder.
"""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(DataParams):
    """Of A (`images`) and of B (`other`) `test_fraction` is held out where there are no testA/ and testB/."""

    has_path: ClassVar = True
    test_images: ClassVar = "either"
    plain: ClassVar = False


def download(data: Params, raw: Path) -> None:
    """Copy the images to `raw`, so that DVC sees their content."""
    from pipeline.data import copying, unpaired_folders

    copying.download(data.path, raw, unpaired_folders.sides)


def load(data: Params, raw: Path) -> "Originals":
    """Open what `download` copied, and decode it."""
    from pipeline.data import unpaired_folders

    return unpaired_folders.load(data.path, raw, data.test_fraction, data.size)
