"""Data sets in the format of MNIST's four files, as torchvision knows them by the name of its class."""

from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.data._torchvision import torchvision
from pipeline.data.fetch import RemoteFile, check_whole, fetch
from pipeline.data.originals import Originals, Split, split_of_arrays

MORE_MIRRORS = {  # torchvision knows too few
    "MNIST": ["https://storage.googleapis.com/cvdf-datasets/mnist/"],
    "FashionMNIST": ["https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"],
}


def download(kind: str, dataset: str, raw: Path) -> None:
    """Fetch the original files into `raw`; `dataset` is what a mirror of your own calls them."""
    fetch(dataset, _files(kind), raw)


def load(kind: str, raw: Path) -> Originals:
    """Read what `download` brought; UserError names a file that is missing or damaged."""
    check_whole(_files(kind), raw)
    source = getattr(torchvision.datasets, kind)
    with TemporaryDirectory() as root:
        unpacked = Path(root, kind, "raw")
        unpacked.mkdir(parents=True)
        for name, _ in source.resources:
            torchvision.datasets.utils.extract_archive(raw / name, unpacked)
        train, test = (_split(source(root, train=is_train)) for is_train in (True, False))
    classes = [name.split(" - ")[0] for name in source.classes]  # "0 - zero" is called 0
    return Originals(classes, 1, train, test)


def _files(kind: str) -> list[RemoteFile]:
    """Names, checksums and mirrors are torchvision's own."""
    source = getattr(torchvision.datasets, kind)
    mirrors = [*source.mirrors, *MORE_MIRRORS[kind]]
    return [RemoteFile(name, md5, tuple(place + name for place in mirrors)) for name, md5 in source.resources]


def _split(part: torchvision.datasets.MNIST) -> Split:
    return split_of_arrays(part.data[:, None], part.targets.numpy())
