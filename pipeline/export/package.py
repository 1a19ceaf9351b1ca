"""exported/<name>/: what a stranger needs beside the ONNX files to trust and use them."""

import json
from pathlib import Path
from typing import Any

from onnx import numpy_helper

from pipeline import files, plots
from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.export.card import card
from pipeline.export.samples import samples
from pipeline.export.words import arrow
from pipeline.inference.contract.inputs import examples
from pipeline.inference.contract.network import Network
from pipeline.params import Params

VECTORS = 4  # rows of the test vectors
PICTURE = "samples.png"
REMEDY = "run `dvc repro`"


def package(params: Params, data: Prepared, exported: Path, scores: dict[str, Any]) -> Path:
    """Write the folder `exported`/<name>: card, picture, test vectors, checksums; return it.

    UserError where the parameters, the ONNX file and the scores are not of one run.
    """
    name = params.name
    plain = exported / f"{name}.onnx"
    _refuse_a_mixture(params, plain, scores)
    network = Network(plain, device="cpu")
    with files.atomic_path(exported / name) as folder:
        folder.mkdir()
        _write_vectors(network, folder / "test_data_set_0")
        drawn = samples(network, data)
        if drawn:
            plots.save(drawn[0], folder / PICTURE)
        facts = {
            "picture": PICTURE,
            "samples": drawn[1] if drawn else None,
            "vectors": VECTORS,
            "files": _files(exported, name),
            "training": _training(params, data),
        }
        (folder / "README.md").write_text(card(network.description, facts, scores), encoding="utf-8")
        sums = _checksums(exported, [*facts["files"]], folder, name)
        (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
    return exported / name


def _refuse_a_mixture(params: Params, plain: Path, scores: dict[str, Any]) -> None:
    about = json.loads(plain.with_suffix(".json").read_text(encoding="utf-8"))
    if about["params_hash"] != params.fingerprint():
        raise UserError(f"{plain} was trained with other parameters: {REMEDY}")
    if scores["protocol"]["generator"]["sha256"] != files.sha256_of(plain):
        raise UserError(f"the scores are of another file than {plain}: {REMEDY}")


def _training(params: Params, data: Prepared) -> dict[str, Any]:
    """What it learnt from, and how long."""
    return {
        "images": data.counts["train"]["total"],
        "unpaired": {table.images: table.counts["train"]["total"] for table in data.tables[1:]},
        "form": data.form,
        "objective": params.objective.name if params.objective else None,
        "epochs": params.train.epochs,
        "batch": params.train.batch,
    }


def _files(exported: Path, name: str) -> dict[str, tuple[str, int]]:
    """What the files beside the folder are, and their sizes in bytes."""
    words = {
        f"{name}.onnx": "the network",
        f"{name}.seeded.onnx": "the same with seeds for noise and bytes for pictures",
        f"{name}.json": "what `gan-infer` and other tools need to know of it",
    }
    for path in sorted((exported / f"{name}.parts").glob("*.onnx")):
        about = Network(path, device="cpu").description
        words[f"{name}.parts/{path.name}"] = f"the {path.stem}: {arrow(about)}"
    for path in sorted((exported / f"{name}.parts").glob("image-to-image/*/**/*.onnx")):
        file = path.relative_to(exported).as_posix()
        words[file] = "the same for other programs: `pixel_values` to `reconstruction`, RGB in [0, 1]"
    return {file: (text, (exported / file).stat().st_size) for file, text in words.items()}


def _write_vectors(network: Network, folder: Path) -> None:
    """Inputs and outputs in the layout of the ONNX model zoo; what is drawn is of the seeds from 0."""
    inputs = examples(network.description, range(VECTORS))
    folder.mkdir()
    for side, tensors in (("input", inputs), ("output", network.compute(inputs))):
        for index, (name, values) in enumerate(tensors.items()):
            proto = numpy_helper.from_array(values, name)
            (folder / f"{side}_{index}.pb").write_bytes(proto.SerializeToString(deterministic=True))


def _checksums(exported: Path, listed: list[str], folder: Path, name: str) -> str:
    """Lines for `sha256sum -c` in `exported`: the files `listed` there, and all in `folder`, to be `name`."""
    sums = {file: files.sha256_of(exported / file) for file in listed}
    for path in folder.rglob("*"):
        if path.is_file():
            sums[f"{name}/{path.relative_to(folder).as_posix()}"] = files.sha256_of(path)
    return "".join(f"{digest}  {file}\n" for file, digest in sorted(sums.items()))
