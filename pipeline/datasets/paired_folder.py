"""Your own pairs, from a folder or a .zip of one: `data.path`; A goes in, and B should come out.

A/ and B/ with files of the same names, or pictures that hold a pair side by side.
"""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(DataParams):
    """`test_fraction` is held out where there is no test/."""

    has_path: ClassVar = True
    test_images: ClassVar = "either"
    plain: ClassVar = False


def download(data: Params, raw: Path) -> None:
    """Copy the images to `raw`, so that DVC sees their content."""
    from pipeline.data import paired_folders

    paired_folders.download(data.path, raw)


def load(data: Params, raw: Path) -> "Originals":
    """Open what `download` copied, and decode it."""
    from pipeline.data import paired_folders

    return paired_folders.load(data.path, raw, data.test_fraction, data.size)
