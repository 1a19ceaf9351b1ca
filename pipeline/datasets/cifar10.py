"""CIFAR-10 (Krizhevsky 2009): 60,000 colour pictures of ten classes, 32x32."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.fetch import RemoteFile
    from pipeline.data.originals import Originals, Split


class Params(DataParams):
    """It brings its own test images."""


def download(data: Params, raw: Path) -> None:
    """Fetch the archive into `raw`."""
    from pipeline.data.fetch import fetch

    fetch(data.dataset, [_archive()], raw)


def load(data: Params, raw: Path) -> "Originals":
    """Read what `download` brought; UserError names the file if it is missing or damaged."""
    from pipeline.data._torchvision import torchvision
    from pipeline.data.fetch import check_whole
    from pipeline.data.originals import Originals

    archive = _archive()
    check_whole([archive], raw)
    with TemporaryDirectory() as root:
        torchvision.datasets.utils.extract_archive(raw / archive.name, root)
        parts = [torchvision.datasets.CIFAR10(root, train=is_train) for is_train in (True, False)]
    train, test = (_split(part) for part in parts)
    return Originals(parts[0].classes, 3, train, test)


def _archive() -> "RemoteFile":
    from pipeline.data._torchvision import torchvision
    from pipeline.data.fetch import RemoteFile

    source = torchvision.datasets.CIFAR10
    return RemoteFile(source.filename, source.tgz_md5, (source.url,))


def _split(part: Any) -> "Split":
    import numpy as np
    import torch

    from pipeline.data.originals import split_of_arrays

    return split_of_arrays(torch.from_numpy(part.data).permute(0, 3, 1, 2), np.array(part.targets))
