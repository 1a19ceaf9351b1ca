"""exported/<name>/: the card, the test vectors and the checksums that go with the ONNX files."""

import json

from pipeline.data.prepared import Prepared
from pipeline.export.package import package
from pipeline.params import Params
from pipeline.places import exported_file, metrics_dir, prepared_dir
from stages.run import run


def main(params: Params) -> None:
    """Pack what evaluate found together with what export wrote."""
    data = Prepared.open(prepared_dir(params.data))
    scores = json.loads((metrics_dir(params) / "details" / "scores.json").read_text())
    folder = package(params, data, exported_file(params).parent, scores)
    print(f"{folder}/: model card, test vectors, checksums")


if __name__ == "__main__":
    run(main)
