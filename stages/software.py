"""software.json: the versions and the machine that all results depend on, so that DVC sees them change."""

from pathlib import Path

from pipeline.files import write_json
from pipeline.params import Params
from pipeline.provenance import environment
from stages.run import run


def main(params: Params) -> None:
    """Write them down; the same bytes as long as they are the same."""
    write_json(Path("software.json"), environment())


if __name__ == "__main__":
    run(main)
