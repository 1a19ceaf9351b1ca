"""Pairs made of any images: their edges go in, and the pictures should come out."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.data import pairs

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(pairs.PairParams):
    """As of the data set that `path` names, or of your own folder."""


def download(data: Params, raw: Path) -> None:
    """Bring the original files of the data set that `path` names."""
    pairs.download(data, raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` brought, and make the pairs."""
    from pipeline.data.rules import edges

    return pairs.load(data, raw, edges, channels=1)
