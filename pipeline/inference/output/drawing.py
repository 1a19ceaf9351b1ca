"""Draw one picture a seed, and put them where they were asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.inference import console, files
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.inputs import NOTHING, Given
from pipeline.inference.contract.network import Network
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import pictures, targets

MAX_COUNT = 100_000


@dataclass(frozen=True)
class Output:
    """Where pictures go: the options of the same names."""

    out: str | None
    scale: int
    columns: int
    show: bool = False
    labels: str | None = None
    as_json: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        on_stdout = {"--show": self.show, "--json": self.as_json, "--out -": self.out == "-"}
        wanted = [option for option, given in on_stdout.items() if given]
        if len(wanted) > 1:
            raise InferenceError(f"{' and '.join(wanted)} each write to stdout: choose one")
        if self.labels is not None and Path(self.labels).suffix.lower() != ".csv":
            raise InferenceError(f"--labels {self.labels}: end it in .csv")


def is_drawn(description: Description, out: str | None) -> bool:
    """Whether the image that the file gives is wanted, and not all its outputs as numbers."""
    several = len(description.outputs) > 1
    numbers = several and out is not None and Path(out).suffix.lower() in targets.NUMBERS
    return description.picture is not None and not numbers


@dataclass(frozen=True)
class Asked:
    """A picture a seed: their labels (None without classes), and all that is fed beside what is drawn."""

    labels: list[int] | None
    seeds: Sequence[int]
    given: Given

    def batches(self, network: Network) -> Iterator[np.ndarray]:
        """Yield uint8 [<= batch, H, W, C]."""
        return network.pictures(self.seeds, self.given)


def draw(
    network: Network,
    labels: list[int] | None,
    seeds: Sequence[int],
    name: str,
    output: Output,
    given: Given = NOTHING,
) -> None:
    """Make a picture of each seed, its label and what else is given, write them, and say what was written.

    `name` is that of the file where --out gives none.
    """
    about = network.description
    if labels is not None:
        given = given.with_rows(about.label_input, np.array(labels, np.int64))
    out = output.out or targets.unused(f"{name}.png")
    kind, ending = about.outputs[about.picture].kind, Path(out).suffix.lower()
    if kind == "voxels" and ending in targets.VOLUMES:
        from pipeline.inference.output import volumes

        write = volumes.write
    elif kind == "mel" and ending in targets.SOUNDS:
        from pipeline.inference.output import sounds

        write = sounds.write
    elif targets.one_file_each(out) or targets.is_array(out):
        if output.show:
            raise InferenceError(f"--show: is for one picture or no file, not for --out {out}")
        write = _one_array if targets.is_array(out) else _one_file_each
    else:
        write = _one_sheet
    asked = Asked(labels, seeds, given)
    written = write(network, asked, out, output)
    if written:
        many = f" to {written[-1]}, {len(written)} pictures" if len(written) > 1 else ""
        console.say(f"wrote {written[0]}{many}")
    if output.labels or output.as_json:
        _tell(about, _records(about, labels, seeds, written), output)


def grid(network: Network, rows: int, seed: int, output: Output) -> None:
    """Draw one latent a row (of `seed`, `seed` + 1, ...), one class or category a column.

    Without them each picture has a latent of its own, `output.columns` a row.
    """
    description = network.description
    name, values = description.column
    columns = values or output.columns
    if not 1 <= rows <= MAX_COUNT // columns:
        raise InferenceError(f"--rows {rows}: say 1 to {MAX_COUNT // columns}")
    labels, given, seeds = None, NOTHING, range(seed, seed + rows * columns)
    if name is not None:
        of_columns = list(range(columns)) * rows
        seeds = [seed + row for row in range(rows) for _ in range(columns)]
        if name == description.label_input:
            labels = of_columns
        else:
            given = Given({name: np.array(of_columns, np.int64)})
    draw(network, labels, list(seeds), f"{description.name}-grid", replace(output, columns=columns), given)


def place(picture: Image.Image, out: str, output: Output) -> list[Path]:
    """Show one picture, or put it on stdout or into a file; return the files written: one or none."""
    if output.show:
        from pipeline.inference.output import terminal

        terminal.show(picture)
        if output.out is None:
            return []
    if out == "-":
        console.write(pictures.png_bytes(picture))
        return []
    pictures.save(picture, targets.picture(out))
    return [Path(out)]


def may_write(paths: list[Path], output: Output) -> None:
    """InferenceError where a file that --out names is there, without --force; told before the work."""
    if output.out is not None and not output.force:
        targets.refuse_existing(paths)


def _one_sheet(network: Network, asked: Asked, out: str, output: Output) -> list[Path]:
    # Too large a picture and a bad name are told before the work, not after.
    _, height, width = network.description.image_shape
    pictures.sheet_size(len(asked.seeds), output.columns, output.scale, height, width)
    if out != "-":
        may_write([targets.picture(out)], output)
    images = np.concatenate(list(asked.batches(network)))
    return place(pictures.sheet(images, output.columns, output.scale), out, output)


def _one_file_each(network: Network, asked: Asked, out: str, output: Output) -> list[Path]:
    _, height, width = network.description.image_shape
    pictures.sheet_size(1, output.columns, output.scale, height, width)
    names = targets.files(out, network.description, asked.labels, asked.seeds)
    may_write(names, output)
    batches = console.progress(asked.batches(network), len(asked.seeds))
    images = (image for batch in batches for image in batch)
    for file, image in zip(names, images, strict=True):
        pictures.save(pictures.sheet(image[None], output.columns, output.scale), file)
    return names


def _one_array(network: Network, asked: Asked, out: str, output: Output) -> list[Path]:
    if output.scale != 1:
        raise InferenceError(f"--scale {output.scale}: is for pictures; an array is as the generator made it")
    may_write([Path(out)], output)
    from pipeline.inference.output import arrays

    channels, height, width = network.description.image_shape
    batches = console.progress(asked.batches(network), len(asked.seeds))
    shape = (len(asked.seeds), height, width, channels)
    arrays.save(batches, shape, asked.labels, asked.seeds, Path(out))
    return [Path(out)]


def _records(
    description: Description, labels: list[int] | None, seeds: Sequence[int], written: list[Path]
) -> list[dict[str, object]]:
    """Return of each picture its file (None: none), its place in it, its seed, label and class."""
    each = len(written) == len(seeds)
    return [
        {
            "file": str(written[index if each else 0]) if written else None,
            "index": 0 if each else index,
            "seed": int(seed),
            "label": None if labels is None else labels[index],
            "class": None if labels is None else description.classes[labels[index]],
        }
        for index, seed in enumerate(seeds)
    ]


def _tell(description: Description, records: list[dict[str, object]], output: Output) -> None:
    """Write the records where they are wanted: a table in a .csv file, JSON on stdout."""
    if output.labels:
        files.write_csv(records, Path(output.labels))
        console.say(f"wrote {output.labels}")
    if output.as_json:
        console.write_json({"model": description.name, "pictures": records})
