"""exported/<name>/: what a stranger needs beside the ONNX files to trust and use them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from onnx import numpy_helper
from PIL import Image

from pipeline import files, plots
from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.export.card import card
from pipeline.inference import Generator
from pipeline.kinds.shared.noise import latent
from pipeline.params import Params

VECTORS = 4  # rows of the test vectors
ROWS, COLUMNS = 4, 10  # of the picture, where the classes don't give the columns
PICTURE = "samples.png"
REMEDY = "run `dvc repro`"


def package(params: Params, data: Prepared, exported: Path, scores: dict[str, Any]) -> Path:
    """Write the folder `exported`/<name>: card, picture, test vectors, checksums; return it.

    UserError where the parameters, the ONNX file and the scores are not of one run.
    """
    name = params.name
    plain = exported / f"{name}.onnx"
    about = json.loads(plain.with_suffix(".json").read_text(encoding="utf-8"))
    _refuse_a_mixture(params, plain, about, scores)
    generator = Generator(plain, device="cpu")
    with files.atomic_path(exported / name) as folder:
        folder.mkdir()
        _write_vectors(generator, folder / "test_data_set_0")
        plots.save(_samples(generator), folder / PICTURE)
        facts = about | {
            "picture": PICTURE,
            "vectors": VECTORS,
            "files": _files(exported, name),
            "training": {
                "images": data.counts["train"]["total"],
                "objective": params.objective.name if params.objective else None,
                "epochs": params.train.epochs,
                "batch": params.train.batch,
            },
        }
        (folder / "README.md").write_text(card(facts, scores), encoding="utf-8")
        (folder / "SHA256SUMS").write_text(_checksums(exported, name, folder), encoding="utf-8")
    return exported / name


def _refuse_a_mixture(params: Params, plain: Path, about: dict[str, Any], scores: dict[str, Any]) -> None:
    if about["params_hash"] != params.fingerprint():
        raise UserError(f"{plain} was trained with other parameters: {REMEDY}")
    if scores["protocol"]["generator"]["sha256"] != files.sha256_of(plain):
        raise UserError(f"the scores are of another file than {plain}: {REMEDY}")


def _files(exported: Path, name: str) -> dict[str, tuple[str, int]]:
    """What the files beside the folder are, and their sizes in bytes."""
    words = {
        f"{name}.onnx": "the generator",
        f"{name}.seeded.onnx": "the same, but it draws its noise itself, and gives bytes",
        f"{name}.json": "what `gan-infer` and other tools need to know of it",
    }
    parts = sorted((exported / f"{name}.parts").glob("*.onnx"))
    words |= {f"{name}.parts/{path.name}": f"the {path.stem}" for path in parts}
    return {file: (text, (exported / file).stat().st_size) for file, text in words.items()}


def _write_vectors(generator: Generator, folder: Path) -> None:
    """Inputs and output in the layout of the ONNX model zoo; the noise is that of the seeds from 0."""
    about = generator.description
    z = latent(range(VECTORS), about.z_dim, about.latent)
    labels = np.arange(VECTORS) % len(about.classes) if about.conditional else None
    tensors = {"input_0": ("z", z), "output_0": ("image", generator.run(z, labels))}
    if labels is not None:
        tensors["input_1"] = ("label", labels)
    folder.mkdir()
    for file, (tensor, values) in tensors.items():
        proto = numpy_helper.from_array(values, tensor)
        (folder / f"{file}.pb").write_bytes(proto.SerializeToString(deterministic=True))


def _samples(generator: Generator) -> Image.Image:
    """One seed a row and one class a column; without classes, a seed each."""
    classes = len(generator.description.classes)
    columns = classes or COLUMNS
    seeds = np.arange(ROWS).repeat(columns) if classes else np.arange(ROWS * columns)
    labels = np.tile(np.arange(columns), ROWS) if classes else None
    return plots.grid(generator.sample(labels, seeds).transpose(0, 3, 1, 2), columns, scale=2)


def _checksums(exported: Path, name: str, folder: Path) -> str:
    """Lines for `sha256sum -c` in `exported`: its files of that name, and all in `folder`, to be `name`."""
    sums = {file: files.sha256_of(exported / file) for file in _files(exported, name)}
    for path in folder.rglob("*"):
        if path.is_file():
            sums[f"{name}/{path.relative_to(folder).as_posix()}"] = files.sha256_of(path)
    return "".join(f"{digest}  {file}\n" for file, digest in sorted(sums.items()))
