"""preprocess: data/raw/<dataset>/ -> data/prepared/<dataset>-<size>/."""

from functools import partial

from pipeline.checks import check_data
from pipeline.data.prepare import prepare
from pipeline.params import Params
from pipeline.places import prepared_dir, raw_dir
from stages.run import run


def main(params: Params) -> None:
    """Tell what the data are, and turn the originals into arrays of one size."""
    prepare(params.data, raw_dir(params.data), prepared_dir(params.data), partial(check_data, params))


if __name__ == "__main__":
    run(main)
