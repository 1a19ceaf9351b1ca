"""preprocess: data/raw/<dataset>/ -> data/prepared/<dataset>-<size>/."""

from pipeline.datasets.prepare import prepare
from pipeline.datasets.prepared import prepared_dir, raw_dir
from pipeline.params import Params
from stages.run import run


def main(params: Params) -> None:
    """Turn the originals into arrays of one size."""
    prepare(params.data, raw_dir(params.data), prepared_dir(params.data))


if __name__ == "__main__":
    run(main)
