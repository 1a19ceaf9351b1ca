"""CelebA (Liu et al. 2015): 202,599 faces, colour, 178x218, without classes here.

Google Drive alone has it, and hands out a page instead of the file: bring your copy as a mirror.
"""

import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.params import DataParams

if TYPE_CHECKING:
    import torch

    from pipeline.data.fetch import RemoteFile
    from pipeline.data.originals import Originals

IMAGES, SPLITS = "img_align_celeba.zip", "list_eval_partition.txt"


class Params(DataParams):
    """It brings its own test images."""


def download(data: Params, raw: Path) -> None:
    """Copy the images and the list of their splits from your mirror into `raw`."""
    from pipeline.data.fetch import fetch

    fetch(data.dataset, _files(), raw)


def load(data: Params, raw: Path) -> "Originals":
    """The official training and test images; the validation images are left out."""
    import numpy as np

    from pipeline.data.fetch import check_whole
    from pipeline.data.originals import Originals, Split

    check_whole(_files(), raw)
    lines = (raw / SPLITS).read_text().splitlines()
    split_of = dict(line.split() for line in lines)
    names = (sorted(name for name, split in split_of.items() if split == wanted) for wanted in "02")
    train, test = (
        Split(np.zeros(len(each), np.int64), partial(_from_zip, raw / IMAGES, each)) for each in names
    )
    return Originals([], 3, train, test)


def _files() -> "list[RemoteFile]":
    from pipeline.data._torchvision import torchvision
    from pipeline.data.fetch import RemoteFile

    md5s = {name: md5 for _, md5, name in torchvision.datasets.CelebA.file_list}
    return [RemoteFile(name, md5s[name], ()) for name in (IMAGES, SPLITS)]


def _from_zip(archive: Path, names: list[str]) -> "Iterator[torch.Tensor]":
    """Yield uint8 [1, 3, H, W], straight from the archive: 202,599 small files would only cost time."""
    from pipeline.data.images import decode

    with zipfile.ZipFile(archive) as images:
        for name in names:
            with images.open(f"img_align_celeba/{name}") as file:
                yield decode(file, name)[None]
