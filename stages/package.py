"""exported/<name>/: the card, the test vectors and the checksums that go with the ONNX files."""

import json
from pathlib import Path

from pipeline.datasets.prepared import Prepared, prepared_dir
from pipeline.export.package import package
from pipeline.params import Params
from stages.run import run


def main(params: Params) -> None:
    """Pack what evaluate found together with what export wrote."""
    data = Prepared.open(prepared_dir(params.data))
    scores = json.loads((Path("metrics") / params.name / "details" / "scores.json").read_text())
    folder = package(params, data, Path("exported"), scores)
    print(f"{folder}/: model card, test vectors, checksums")


if __name__ == "__main__":
    run(main)
