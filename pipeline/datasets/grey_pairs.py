"""Pairs made of any colour images: they go in without their colours, and should come out with them."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.data import pairs
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(pairs.PairParams):
    """As of the data set that `path` names, or of your own folder."""


def download(data: Params, raw: Path) -> None:
    """Bring the original files of the data set that `path` names."""
    pairs.download(data, raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` brought, and make the pairs."""
    from pipeline.data.rules import grey

    originals = pairs.load(data, raw, grey, channels=1)
    if (data.channels or originals.channels) == 1:
        raise UserError(f"data.path: the images of {data.path} are grey: there are no colours to bring back")
    return originals
