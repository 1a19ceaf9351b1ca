"""Outputs that are numbers: in a .json, .csv or .npz file, or as a short table in the terminal."""

import csv
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline import kinds
from pipeline.inference import console, files
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.inputs import Given
from pipeline.inference.contract.network import Network
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import targets
from pipeline.inference.output.arrays import member
from pipeline.inference.output.drawing import Output, may_write

Values = Mapping[str, np.ndarray]  # by output, [N, ...]


def write(
    network: Network, labels: list[int] | None, seeds: Sequence[int], given: Given, output: Output
) -> None:
    """Compute a row a seed and write every output; without --out or --json print a table."""
    about = network.description
    _check(about, output)
    if labels is not None:
        given = given.with_rows(about.label_input, np.array(labels, np.int64))
    if output.out is not None:
        may_write([Path(output.out)], output)
    parts = list(network.outputs(seeds, given))
    values = {name: np.concatenate([part[name] for part in parts]) for name in about.outputs}
    if output.out is not None:
        with files.appearing(Path(output.out)) as part:
            WRITERS[Path(output.out).suffix.lower()](about, values, part)
        console.say(f"wrote {output.out}")
    if output.as_json:
        console.write_json(_told(about, values))
    elif output.out is None:
        _print(about, values)


def _check(about: Description, output: Output) -> None:
    """InferenceError for an option that only a picture has a use for."""
    gives = f"{about.name} ({about.kind}) {about.gives()}"
    if output.out is not None and Path(output.out).suffix.lower() not in targets.NUMBERS:
        raise InferenceError(f"--out {output.out}: end it in .json, .csv or .npz; {gives}")
    of_pictures = {"--show": output.show, "--scale": output.scale != 1, "--labels": output.labels}
    for option, given in of_pictures.items():
        if given:
            raise InferenceError(f"{option}: is for pictures; {gives}")


def _numeric(about: Description) -> list[str]:
    """The outputs that are numbers; an image or a volume among them goes to .npz alone."""
    return [name for name, field in about.outputs.items() if not kinds.visible(field.kind)]


def _names(about: Description, name: str) -> list[str]:
    field = about.outputs[name]
    return kinds.find(field.kind).names(field)


def _told(about: Description, values: Values) -> dict[str, object]:
    """Return each output as JSON has it: a list a row, of probabilities an object by class."""

    def told(name: str, row: np.ndarray) -> object:
        if about.outputs[name].kind == "probabilities":
            return dict(zip(_names(about, name), row.tolist(), strict=True))
        return row.tolist()

    outputs = {name: [told(name, row) for row in values[name]] for name in _numeric(about)}
    return {"model": about.name, "outputs": outputs}


def _write_json(about: Description, values: Values, part: Path) -> None:
    part.write_text(json.dumps(_told(about, values), indent=2) + "\n", encoding="utf-8")


def _write_csv(about: Description, values: Values, part: Path) -> None:
    """A line a row, a column a number, named OUTPUT.NUMBER."""
    columns = [f"{name}.{each}" for name in _numeric(about) for each in _names(about, name)]
    with part.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        for rows in zip(*(values[name] for name in _numeric(about)), strict=True):
            table.writerow([value for row in rows for value in np.ravel(row).tolist()])


def _write_npz(about: Description, values: Values, part: Path) -> None:
    """Every output by its name, images as the file gives them."""
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in values.items():
            with member(archive, name) as file:
                np.lib.format.write_array(file, array)


def _print(about: Description, values: Values) -> None:
    """Print a table an output, a line a row, of the first or the likeliest numbers."""
    for name in _numeric(about):
        field = about.outputs[name]
        kind = kinds.find(field.kind)
        console.write_table(
            [{name: str(index)} | kind.shown(field, row) for index, row in enumerate(values[name])]
        )


WRITERS = {".json": _write_json, ".csv": _write_csv, ".npz": _write_npz}
