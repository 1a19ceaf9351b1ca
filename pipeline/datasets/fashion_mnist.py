"""Fashion-MNIST (Xiao et al. 2017): 70,000 pictures of clothes, grey, 28x28."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(DataParams):
    """It brings its own test images."""


def download(data: Params, raw: Path) -> None:
    """Fetch the four files into `raw`."""
    from pipeline.data import idx

    idx.download("FashionMNIST", data.dataset, raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` brought; UserError names a file that is missing or damaged."""
    from pipeline.data import idx

    return idx.load("FashionMNIST", raw)
