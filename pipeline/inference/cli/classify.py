"""Which class a picture is of, by a file that gives probabilities: one picture or folders of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.inference import files
from pipeline.inference.cli import asked
from pipeline.inference.console import say, write_json, write_table
from pipeline.inference.contract.opening import opened
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import targets
from pipeline.kinds import image, probabilities


def classify(
    path: Path, pictures: Sequence[str], out: str | None, as_json: bool, force: bool, device: str
) -> None:
    """Print a line a picture, its label and the likeliest classes; all of them in a .csv file or as JSON."""
    if out is not None and Path(out).suffix.lower() != ".csv":
        raise InferenceError(f"--out {out}: end it in .csv")
    if out is not None and not force:
        targets.refuse_existing([Path(out)])
    read = [file for each in pictures for file in image.each(each)]
    with opened(path, device) as network:
        about = network.description
        name = next((name for name, field in about.outputs.items() if field.kind == "probabilities"), None)
        if name is None:
            raise InferenceError(f"{path}: {about.name} ({about.kind}) {about.gives()}: it tells no classes")
        given = asked.read(about, None, {"image": read}, None)
        parts = network.outputs(range(given.count), given)
        odds, field = np.concatenate([part[name] for part in parts]), about.outputs[name]
    labels = [field.about["classes"][row.argmax()] for row in odds]
    table = [
        {"file": file, "label": label} | dict(zip(field.about["classes"], row.tolist(), strict=True))
        for file, label, row in zip(read, labels, odds, strict=True)
    ]
    if out is not None:
        files.write_csv(table, Path(out))
        say(f"wrote {out}")
    if as_json:
        write_json({"model": about.name, "pictures": table})
    elif out is None:
        shown = (probabilities.shown(field, row) for row in odds)
        write_table([{"file": file} | best for file, best in zip(read, shown, strict=True)])
