"""Pairs made of handwritten digits: a caption goes in, and the picture that it describes should come out."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.data import pairs

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(pairs.PairParams):
    """As of the data set of digits that `path` names: `mnist` or `digits`."""


def download(data: Params, raw: Path) -> None:
    """Bring the original files of the data set that `path` names."""
    pairs.download(data, raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` brought, and draw the pictures; UserError where they are not of the ten digits."""
    from pipeline.data import captioned, captions

    return captioned.load(data, raw, captions.FULL)
