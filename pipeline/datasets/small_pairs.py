"""Pairs made of any images: they go in at a quarter of their size, and should come out sharp."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import model_validator

from pipeline.data import pairs

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(pairs.PairParams):
    """As of the data set that `path` names, or of your own folder; `size` can be divided by four."""

    @model_validator(mode="after")
    def _can_be_divided(self) -> Self:
        if self.size % 4:
            raise ValueError(f"`size`: must be a multiple of 4 for what goes in, not {self.size}")
        return self


def download(data: Params, raw: Path) -> None:
    """Bring the original files of the data set that `path` names."""
    pairs.download(data, raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` brought, and make the pairs."""
    from pipeline.data.rules import SMALLER, small

    return pairs.load(data, raw, small, size=data.size // SMALLER)
