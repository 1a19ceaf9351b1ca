"""Pairs made of any images: they go in with a hole in the middle, and should come out whole."""

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
    from pipeline.data.rules import hole

    return pairs.load(data, raw, hole)
