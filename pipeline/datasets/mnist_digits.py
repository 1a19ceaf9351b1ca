"""The first 12,000 training images of MNIST, and beside them, unpaired, the bundled digits: other hands.

No more of MNIST, so that an epoch of it is a few minutes on one core; the digits are 1,797.
"""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals

COUNT = 12_000  # training images of MNIST


class Params(DataParams):
    """Of the digits (`other`) `test_fraction` of every class is held out; MNIST brings its own test part."""

    library: ClassVar = "scikit-learn"
    test_images: ClassVar = "held out"
    plain: ClassVar = False


def download(data: Params, raw: Path) -> None:
    """Fetch MNIST's four files, and write scikit-learn's arrays, into folders of `raw`."""
    from pipeline.data import bundled, idx

    idx.download("MNIST", "mnist", raw / "mnist")
    bundled.download(raw / "digits")


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` brought; UserError names a file that is missing or damaged."""
    from dataclasses import replace

    from pipeline.data import bundled, idx

    mnist = idx.load("MNIST", raw / "mnist")
    digits = bundled.originals(*bundled.read(raw / "digits"), data.test_fraction)
    return replace(mnist, train=mnist.train.beginning(COUNT), others={"other": digits})
