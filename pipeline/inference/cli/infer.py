"""`gan-infer`: an exported file, run on the command line.

Whatever is slow to import is imported inside the functions: `--help` then takes no longer than Typer itself.
"""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipeline.inference.cli import options
from pipeline.inference.console import say
from pipeline.inference.errors import InferenceError

MAX_COUNT = 100_000
MODEL = ".onnx"


class Commands(TyperGroup):
    """The subcommands, imported where one is named or all are listed: a picture does without."""

    def _load(self) -> dict[str, Any]:
        from pipeline.inference.cli.commands import commands

        return typer.main.get_group(commands).commands

    def list_commands(self, context: typer.Context) -> list[str]:
        """Return the names in the order of their definition."""
        return list(self._load())

    def get_command(self, context: typer.Context, name: str) -> Any:
        """Return the command, None for a name that is none."""
        if name.endswith(MODEL):
            raise InferenceError(f"{name}: put the file first, gan-infer {name} ..., or after --onnx")
        return self._load().get(name)


app = typer.Typer(cls=Commands, pretty_exceptions_enable=False, rich_markup_mode=None)


def print_version(asked: bool) -> None:
    """Print the installed version and leave."""
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"gan-infer {version('gan-pipeline')}")
        except PackageNotFoundError:
            typer.echo("gan-infer (run from its source, not installed)")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def infer(
    context: typer.Context,
    onnx: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The exported file; `gan-infer FILE` is the same."),
    ] = None,
    digit: options.Digit = None,
    digits: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="A whole number, or classes such as cat,ship, drawn side by side, or spoken in turn.",
        ),
    ] = None,
    code: options.Code = None,
    image: options.Image = None,
    text: options.Text = None,
    box: options.Box = None,
    field: options.Field = None,
    count: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help=f"How many pictures, 1 to {MAX_COUNT}. [default: 1; without --digit one a class]",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Picture i is made from seed + i.")] = 0,
    tile: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Cut a picture too large for the memory into tiles of at most N x N pixels."
        ),
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(
            metavar="T", help="Keep the numbers of a normal latent within +-T: 0.7 for safe, dull pictures."
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A .png, .jpg or .webp file (several pictures become one sheet); a folder, "
            "or a pattern with {index}, {seed} or {label}, for one file each; .npy or .npz for an array; "
            "- for stdout; of sounds .wav as well; of a file that gives numbers .json, .csv or .npz. "
            "[default: named after the class; with -2, -3, ... where that exists]",
        ),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(metavar="PATH", help="A .csv file: the seed and class of each picture.")
    ] = None,
    columns: Annotated[
        int | None, typer.Option(metavar="N", help="Pictures a row on a sheet. [default: 10; all --digits]")
    ] = None,
    scale: options.Scale = 1,
    show: options.Show = False,
    as_json: options.Json = False,
    force: options.Force = False,
    device: options.Device = "auto",
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Draw pictures with a generator exported to ONNX, or run another network of the pipeline.

    The same seed gives the same picture.

    \b
    One digit, in digit-5.png:
      gan-infer --onnx exported/cdcgan.onnx --digit 5
    A year, in the terminal:
      gan-infer --onnx exported/cdcgan.onnx --digits 2026 --show
    A sheet of a hundred, ten of each class, four times as large:
      gan-infer --onnx exported/cdcgan.onnx --count 100 --scale 4 --out all.png
    A file each, in folders named after the classes:
      gan-infer --onnx exported/cdcgan.onnx --count 500 --out "all/{label}/{seed}.png"
    As many as MNIST has, images and labels, for NumPy:
      gan-infer --onnx exported/cdcgan.onnx --count 60000 --out digits.npz
    A year, spoken, by a generator of sounds:
      gan-infer --onnx exported/speech.onnx --digits 2026 --out year.wav
    A picture through an encoder or a classifier, the numbers in a table:
      gan-infer --onnx exported/NAME.onnx --image photo.png
    A picture of a caption:
      gan-infer --onnx exported/NAME.onnx --text "a large slanted three, top left, in red" --out three.png
    The same in a box, where the network takes one:
      gan-infer --onnx exported/NAME.onnx --text "a slanted red three" --box 0.1,0.2,0.4,0.5 --out three.png
    A picture of any size, or a folder of them, through a network from image to image:
      gan-infer --onnx exported/NAME.parts/image-to-image/generator/onnx/model.onnx --image photos --out made/
    A 3 that becomes an 8:
      gan-infer interpolate exported/cdcgan.onnx --digit 3 --to-digit 8 --out morph.gif
    """  # noqa: D301 - \b marks lines that are not to be wrapped
    if context.invoked_subcommand is not None:
        refuse_options(context)
        return
    if onnx is None:
        raise InferenceError("Missing option '--onnx'. (see gan-infer --help)")
    if count is not None and not 1 <= count <= MAX_COUNT:
        raise InferenceError(f"--count {count}: say 1 to {MAX_COUNT}")
    from pipeline.inference.cli import asked, translate
    from pipeline.inference.contract.opening import opened
    from pipeline.inference.output import choices, drawing

    # One thread is the fastest for a few pictures; the bytes are the same with any number.
    few = count in (None, 1) and not image
    with opened(onnx, device, threads=1 if few else None) as network:
        if translate.is_asked(network.description, out, tile):
            output = drawing.Output(out, scale, 1, show, None, as_json, force)
            translate.translate(network, image or (), tile, output, options_given(context))
            return
        given = asked.read(network.description, code, {"image": image, "text": text, "box": box}, field)
        name, classes, count = choices.choose_labels(network.description, digit, digits, count, given)
        if columns is None:
            columns = count if digits else 10
        output = drawing.Output(out, scale, columns, show, labels, as_json, force)
        seeds = range(seed, seed + count)
        if truncation is not None:
            from pipeline.inference.contract.truncation import truncated

            given = truncated(network.description, given, seeds, truncation)
        if drawing.is_drawn(network.description, out):
            drawing.draw(network, classes, seeds, name, output, given)
        else:
            from pipeline.inference.output import numbers

            numbers.write(network, classes, seeds, given, output)


def options_given(context: typer.Context) -> list[str]:
    """The names of the options that the command line holds."""
    return [name for name in context.params if context.get_parameter_source(name).name == "COMMANDLINE"]


def refuse_options(context: typer.Context) -> None:
    """InferenceError for options before a command: they would be ignored."""
    if options_given(context):
        command = context.invoked_subcommand
        raise InferenceError(f"options of {command} go after it: gan-infer {command} FILE ...")


def _as_asked(message: str, arguments: list[str]) -> str:
    """Return the message with --digit by the name that it was given by: --label or --class."""
    given = {argument.partition("=")[0] for argument in arguments}
    for name in ("--label", "--class"):
        if name in given:
            message = message.replace("--digit ", f"{name} ")
    return message


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 where `verify` failed, or 2 with one line on stderr."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy then starts in 80 ms, not 130
    gc.set_threshold(100_000)  # modules are no garbage: looking for some while they load takes 8 ms
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0].endswith(MODEL):
        arguments = ["--onnx", *arguments]
    try:
        sys.exit(app(arguments, prog_name="gan-infer", standalone_mode=False))
    except InferenceError as error:
        say(f"gan-infer: {_as_asked(str(error), arguments)}")
    except typer.TyperException as error:
        say(f"gan-infer: {InferenceError(error.format_message())} (see gan-infer --help)")
    except OSError as error:
        say(f"gan-infer: {InferenceError(str(error))}")
    except MemoryError:
        say("gan-infer: there is not enough memory for that")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(2)
