"""Pairs that are made of any images by a rule: what goes in, beside the picture that should come out.

`data.path` names the data set, or is your own folder or .zip of images.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from pipeline import datasets
from pipeline.errors import unknown
from pipeline.params import DataParams

if TYPE_CHECKING:
    from torch import Tensor

    from pipeline.data.originals import Originals, Split

SOURCE = "source"  # the field of what goes in


class PairParams(DataParams):
    """Beside the rule all is as in the data set that the pairs are made of."""

    has_path: ClassVar = True
    test_images: ClassVar = "either"
    plain: ClassVar = False

    def origin(self) -> DataParams:
        """The data set that they are made of."""
        named = self.path in datasets.names()
        kind = datasets.params_class(self.path if named else "folder")
        own = {"dataset": self.path, "path": None} if named else {"dataset": "folder"}
        return kind.model_construct(**dict(self) | own)

    @model_validator(mode="after")
    def _fits_the_source(self) -> Self:
        if self.path is None:
            raise ValueError("`path` is needed: a data set such as mnist, or your own folder of images")
        origin = self.origin()
        if not origin.plain:
            plain = [name for name in datasets.names() if datasets.params_class(name).plain]
            raise ValueError(f"`path`: pairs can't be made of it: {unknown(self.path, plain)}")
        origin._fits_the_source()
        return self


def download(data: PairParams, raw: Path) -> None:
    """Bring the original files of the data set that they are made of."""
    datasets.download(data.origin(), raw)


def load(
    data: PairParams,
    raw: Path,
    change: "Callable[[Tensor], Tensor]",
    channels: int | None = None,
    size: int | None = None,
) -> "Originals":
    """Open them, with what `change` makes of each prepared picture as the field `source`.

    `channels`, `size`: of that, where not as the pictures have.
    """
    images = datasets.load(data.origin(), raw)
    shown = data.channels or images.channels
    train, test = (_changed(split, change, data.size, shown) for split in (images.train, images.test))
    source = replace(images, channels=channels or shown, train=train, test=test, size=size)
    return replace(images, beside={SOURCE: source})


def _changed(split: "Split", change: "Callable[[Tensor], Tensor]", size: int, channels: int) -> "Split":
    from pipeline.data.images import fit
    from pipeline.data.originals import Split

    def batches() -> "Iterator[Tensor]":
        for batch in split.batches():
            yield change(fit(batch, size, channels))

    return Split(split.labels, batches)
