"""Your own images, from a folder or a .zip of one: `data.path`.

Class folders, one flat folder (no classes: unconditional), or train/ and test/ that hold either.
"""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.params import PLAINLY, DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(DataParams):
    """`test_fraction` is held out of every class where there is no test/."""

    has_path: ClassVar = True
    takes_pictures: ClassVar = True
    test_images: ClassVar = "either"


def download(data: Params, raw: Path) -> None:
    """Copy the images to `raw`, so that DVC sees their content."""
    from pipeline.data import copying

    copying.download(data.path, raw, pictures=data.pictures or PLAINLY)


def load(data: Params, raw: Path) -> "Originals":
    """Open what `download` copied, and decode it."""
    from pipeline.data import folders

    return folders.load(data, raw)
