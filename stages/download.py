"""download: the original files of the data set -> data/raw/<dataset>/."""

from pipeline.datasets.prepared import raw_dir
from pipeline.datasets.sources import download
from pipeline.params import Params
from stages.run import run


def main(params: Params) -> None:
    """Fetch or copy the originals, checksums verified."""
    download(params.data, raw_dir(params.data))


if __name__ == "__main__":
    run(main)
