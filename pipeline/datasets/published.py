"""The published data sets that are fetched: mnist, fashion_mnist, cifar10, celeba.

File names, checksums and mirrors are torchvision's own; a mirror is added where torchvision knows too few.
"""

import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from pipeline.datasets._torchvision import torchvision
from pipeline.datasets.fetch import RemoteFile, fetch, is_whole
from pipeline.datasets.images import decode
from pipeline.datasets.originals import Originals, Split, split_of_arrays
from pipeline.errors import UserError

_sets = torchvision.datasets
_MNIST_KIND = {"mnist": _sets.MNIST, "fashion_mnist": _sets.FashionMNIST}
_MORE_MIRRORS = {
    "mnist": ["https://storage.googleapis.com/cvdf-datasets/mnist/"],
    "fashion_mnist": ["https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"],
}
_CELEBA_IMAGES = "img_align_celeba.zip"
_CELEBA_SPLITS = "list_eval_partition.txt"


def files_of(dataset: str) -> list[RemoteFile]:
    """The original files of a published data set."""
    match dataset:
        case "cifar10":
            cifar = _sets.CIFAR10
            return [RemoteFile(cifar.filename, cifar.tgz_md5, (cifar.url,))]
        case "celeba":  # Google Drive only, which hands out a page instead of the file: bring your copy
            md5s = {name: md5 for _, md5, name in _sets.CelebA.file_list}
            return [RemoteFile(name, md5s[name], ()) for name in (_CELEBA_IMAGES, _CELEBA_SPLITS)]
        case _:
            kind = _MNIST_KIND[dataset]
            mirrors = [*kind.mirrors, *_MORE_MIRRORS[dataset]]
            return [RemoteFile(name, md5, tuple(m + name for m in mirrors)) for name, md5 in kind.resources]


def download(dataset: str, raw: Path) -> None:
    """Fetch the original files into `raw`."""
    fetch(dataset, files_of(dataset), raw)


def load(dataset: str, raw: Path) -> Originals:
    """Read what `download` brought; UserError names a file that is missing or damaged."""
    for file in files_of(dataset):
        if not is_whole(file, raw):
            raise UserError(f"{raw / file.name} is missing or damaged: run `python -m stages.download`")
    match dataset:
        case "cifar10":
            return _load_cifar10(raw)
        case "celeba":
            return _load_celeba(raw)
        case _:
            return _load_mnist(dataset, raw)


def _load_mnist(dataset: str, raw: Path) -> Originals:
    kind = _MNIST_KIND[dataset]
    with TemporaryDirectory() as root:
        unpacked = Path(root, kind.__name__, "raw")
        unpacked.mkdir(parents=True)
        for file in files_of(dataset):
            _sets.utils.extract_archive(raw / file.name, unpacked)
        train, test = (_split_of_mnist(kind(root, train=is_train)) for is_train in (True, False))
    return Originals(
        [name.split(" - ")[0] for name in kind.classes], 1, train, test
    )  # "0 - zero" is called 0


def _split_of_mnist(part: torchvision.datasets.MNIST) -> Split:
    return split_of_arrays(part.data[:, None], part.targets.numpy())


def _load_cifar10(raw: Path) -> Originals:
    with TemporaryDirectory() as root:
        _sets.utils.extract_archive(raw / _sets.CIFAR10.filename, root)
        parts = [_sets.CIFAR10(root, train=is_train) for is_train in (True, False)]
    train, test = (_split_of_cifar10(part) for part in parts)
    return Originals(parts[0].classes, 3, train, test)


def _split_of_cifar10(part: torchvision.datasets.CIFAR10) -> Split:
    return split_of_arrays(torch.from_numpy(part.data).permute(0, 3, 1, 2), np.array(part.targets))


def _load_celeba(raw: Path) -> Originals:
    """The official training and test images; the validation images are left out."""
    lines = (raw / _CELEBA_SPLITS).read_text().splitlines()
    split_of = dict(line.split() for line in lines)
    names = (sorted(name for name, split in split_of.items() if split == wanted) for wanted in "02")
    train, test = (
        Split(np.zeros(len(each), np.int64), partial(_from_zip, raw / _CELEBA_IMAGES, each)) for each in names
    )
    return Originals([], 3, train, test)


def _from_zip(archive: Path, names: list[str]) -> Iterator[torch.Tensor]:
    """Yield uint8 [1, 3, H, W], straight from the archive: 202,599 small files would only cost time."""
    with zipfile.ZipFile(archive) as images:
        for name in names:
            with images.open(f"img_align_celeba/{name}") as file:
                yield decode(file, name)[None]
