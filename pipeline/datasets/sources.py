"""Where each data set comes from: `data.dataset` of params.yaml to the module that knows."""

from pathlib import Path

from pipeline.datasets import digits, folder, published
from pipeline.datasets.originals import Originals
from pipeline.params import DataParams


def download(data: DataParams, raw: Path) -> None:
    """Bring the original files of a data set into the folder `raw`, verified, each whole or not at all."""
    match data.dataset:
        case "digits":
            digits.download(raw)
        case "folder":
            folder.download(data.path, raw)
        case _:
            published.download(data.dataset, raw)


def load(data: DataParams, raw: Path) -> Originals:
    """Open what `download` brought."""
    match data.dataset:
        case "digits":
            return digits.load(raw, data.test_fraction)
        case "folder":
            return folder.load(data.path, raw, data.test_fraction)
        case _:
            return published.load(data.dataset, raw)
