"""Digits rendered from matplotlib's fonts, and beside them, unpaired, MNIST."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(DataParams):
    """Either brings its own test images; of the fonts they are other drawings of the same letters."""

    library: ClassVar = "matplotlib"
    plain: ClassVar = False


def download(data: Params, raw: Path) -> None:
    """Copy matplotlib's fonts, and fetch MNIST's four files, into folders of `raw`."""
    from pipeline.data import idx, rendered

    rendered.download(raw / "fonts")
    idx.download("MNIST", "mnist", raw / "mnist")


def load(data: Params, raw: Path) -> "Originals":
    """Render the digits, and read MNIST; UserError names a file that is missing or damaged."""
    from dataclasses import replace

    from pipeline.data import idx, rendered

    return replace(rendered.originals(raw / "fonts"), others={"other": idx.load("MNIST", raw / "mnist")})
