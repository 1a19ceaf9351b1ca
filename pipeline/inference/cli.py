"""`gan-infer`: pictures from an exported generator, on the command line.

Whatever is slow to import is imported inside the functions: `--help` then takes no longer than Typer itself.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.inference.errors import InferenceError

if TYPE_CHECKING:
    from pipeline.inference.description import Description
    from pipeline.inference.generator import Generator

MAX_COUNT = 100_000

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def print_version(asked: bool) -> None:
    """Print the installed version and leave."""
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"gan-infer {version('gan-pipeline')}")
        except PackageNotFoundError:
            typer.echo("gan-infer (run from its source, not installed)")
        raise typer.Exit


@app.command()
def infer(
    onnx: Annotated[Path, typer.Option(metavar="FILE", help="The exported generator.")],
    digit: Annotated[
        str | None,
        typer.Option("--digit", "--label", metavar="CLASS", help="The class to draw: its number or name."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help=f"How many pictures, 1 to {MAX_COUNT}. [default: 1; without --digit one a class]",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Picture i is made from seed + i.")] = 0,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A .png file (several pictures become one sheet); a folder, or a pattern with {index}, "
            "{seed} or {label}, for one file each; - for stdout. [default: named after the class]",
        ),
    ] = None,
    columns: Annotated[int, typer.Option(metavar="N", help="Pictures a row on a sheet.")] = 10,
    scale: Annotated[int, typer.Option(metavar="N", help="How many times as large.")] = 1,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="auto, cpu or cuda.")] = "auto",
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Draw pictures with a generator exported to ONNX. The same seed gives the same picture.

    \b
    One digit, in digit-5.png:
      gan-infer --onnx exported/cdcgan.onnx --digit 5
    A sheet of a hundred, ten of each class, four times as large:
      gan-infer --onnx exported/cdcgan.onnx --count 100 --scale 4 --out all.png
    A file each, in folders named after the classes:
      gan-infer --onnx exported/cdcgan.onnx --count 500 --out "all/{label}/{seed}.png"
    """  # noqa: D301 - \b marks lines that are not to be wrapped
    from pipeline.inference import session, targets
    from pipeline.inference.generator import Generator

    if session.both_runtimes_installed():
        say("gan-infer: warning: onnxruntime and onnxruntime-gpu overwrite each other; uninstall one")
    if count is not None and not 1 <= count <= MAX_COUNT:
        raise InferenceError(f"--count {count}: say 1 to {MAX_COUNT}")
    # One thread is the fastest for a few pictures; the bytes are the same with any number.
    generator = Generator(onnx, device, threads=1 if count in (None, 1) else None)
    label = choose_label(generator.description, digit)
    classes = len(generator.description.classes)
    if count is None:
        count = classes if classes and label is None else 1
    labels = [index % classes if label is None else label for index in range(count)] if classes else None
    out = out or f"{targets.stem(generator.description, label)}.png"
    draw(generator, labels, range(seed, seed + count), out, columns, scale)


def choose_label(description: "Description", digit: str | None) -> int | None:
    """Return the class index that `--digit` means; None where it was not given."""
    if digit is None:
        return None
    if not description.conditional:
        raise InferenceError(
            f"--digit {digit}: {description.name} ({description.kind}) was trained without labels, "
            "so it can't be asked for one; leave --digit out"
        )
    return description.label(digit)


def draw(
    generator: "Generator", labels: list[int] | None, seeds: range, out: str, columns: int, scale: int
) -> None:
    """Make the pictures and write them to `out`: files, a sheet in one file, or "-", the standard output."""
    from pipeline.inference import pictures, targets

    _, height, width = generator.description.image_shape
    each = targets.one_file_each(out)
    # Too large a picture and a bad name are told before the work, not after.
    pictures.sheet_size(1 if each else len(seeds), columns, scale, height, width)
    if each:
        files = targets.files(out, generator.description, labels, seeds)
        images = (image for batch in generator.batches(labels, seeds) for image in batch)
        for file, image in zip(files, images, strict=True):
            pictures.save(pictures.sheet(image[None], columns, scale), file)
        say(f"wrote {files[0]}" + (f" to {files[-1]}, {len(files)} pictures" if len(files) > 1 else ""))
        return
    target = None if out == "-" else targets.png(out)
    picture = pictures.sheet(generator.sample(labels, seeds), columns, scale)
    if target is None:
        pictures.write_to_stdout(picture)
    else:
        pictures.save(picture, target)
        say(f"wrote {target}")


def say(message: str) -> None:
    """Print a line for people on stderr; stdout is for a picture."""
    print(message, file=sys.stderr)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, or 2 with one line on stderr."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy then starts in 80 ms, not 130
    try:
        sys.exit(app(arguments, prog_name="gan-infer", standalone_mode=False))
    except InferenceError as error:
        say(f"gan-infer: {error}")
    except typer.TyperException as error:
        say(f"gan-infer: {InferenceError(error.format_message())} (see gan-infer --help)")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(2)


if __name__ == "__main__":
    main()
