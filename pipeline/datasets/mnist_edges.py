"""Half of MNIST, and beside it, unpaired, the edges of the other half: no digit is in both."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.params import DataParams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.data.originals import Originals


class Params(DataParams):
    """It brings its own test images."""

    plain: ClassVar = False


def download(data: Params, raw: Path) -> None:
    """Fetch MNIST's four files into `raw`."""
    from pipeline.data import idx

    idx.download("MNIST", "mnist", raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` brought, and share it out."""
    from pipeline.data import idx, unpaired
    from pipeline.data.rules import edges

    return unpaired.halves(idx.load("MNIST", raw), edges)


def paired(images: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """The edges of images [N, 1, H, W]."""
    import torch

    from pipeline.data.rules import edges

    return edges(torch.from_numpy(images)).numpy()
