"""The subcommands of `gan-infer`: what each takes, and who does it."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.inference.cli import editing, options

commands = typer.Typer(rich_markup_mode=None)


@commands.command()
def info(file: options.File, as_json: options.Json = False) -> None:
    """Tell what the file takes, gives and comes from.

    \b
    gan-infer info exported/cdcgan.onnx
    """  # noqa: D301 - \b marks lines that are not to be wrapped
    from pipeline.inference.cli.info import info

    info(file, as_json)


@commands.command()
def verify(file: options.File, as_json: options.Json = False) -> None:
    """Check the file, alone and by what lies beside it.

    Its contract and a run of it; its .json; and, beside the file or in the folder named after it, SHA256SUMS
    and test vectors (test_data_set_*/input_0.pb and so on). Exit code 1 says that a check failed.

    \b
    gan-infer verify exported/cdcgan.onnx
    """  # noqa: D301
    from pipeline.inference.cli.verify import verify

    verify(file, as_json)


@commands.command()
def bench(
    file: options.File,
    seconds: Annotated[float, typer.Option(metavar="S", help="How long to measure each row.")] = 1.0,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Measure images a second and the time to load.

    One row for each device, number of threads and batch size; from noise that is ready to float images.

    \b
    gan-infer bench exported/cdcgan.onnx
    """  # noqa: D301
    from pipeline.inference.cli.bench import bench

    bench(file, device, seconds, as_json)


@commands.command()
def classify(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A classifier.", show_default=False)
    ] = None,
    onnx: Annotated[Path | None, typer.Option(metavar="FILE", help="The same as the argument.")] = None,
    image: options.Image = None,
    out: Annotated[
        str | None, typer.Option(metavar="PATH", help="A .csv file: a line a picture, a column a class.")
    ] = None,
    as_json: options.Json = False,
    force: options.Force = False,
    device: options.Device = "auto",
) -> None:
    """Tell of which class each picture is, and how likely each class.

    \b
    gan-infer classify exported/sgan-mnist.parts/classifier.onnx --image five.png
    gan-infer classify exported/sgan-mnist.parts/classifier.onnx --image folder --out classes.csv
    """  # noqa: D301
    from pipeline.inference.cli.classify import classify
    from pipeline.inference.errors import InferenceError

    if (file is None) == (onnx is None):
        raise InferenceError("say one FILE: gan-infer classify FILE --image PICTURE")
    if not image:
        raise InferenceError("--image is missing: a picture, or a folder of them")
    classify(file or onnx, image, out, as_json, force, device)


@commands.command()
def invert(
    file: options.File,
    image: options.Image = None,
    digit: options.Digit = None,
    mask: options.Mask = None,
    steps: Annotated[
        int, typer.Option(metavar="N", help="Of the search; 0: what the encoder says, if one ships.")
    ] = 800,
    starts: options.Starts = 32,
    seed: options.OfDraws = 0,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A .png, .jpg or .webp file, the latents as .npy beside it. [default: NAME-inverted.png]",
        ),
    ] = None,
    scale: options.Scale = 1,
    as_json: options.Json = False,
    force: options.Force = False,
    device: options.Device = "auto",
) -> None:
    """Find the latents of pictures: what the generator would have to be fed to make them.

    Each picture is drawn beside what the generator makes of the latent that was found. The error is the mean
    squared difference, of pixels from -1 to 1. Without --digit every class is tried, and the best kept. It
    needs NAME.parts/search.onnx beside NAME.onnx.

    \b
    A five, and then that picture again, from its latent:
      gan-infer invert exported/cdcgan.onnx --image five.png --out found.png
      gan-infer exported/cdcgan.onnx --digit 5 --field z=found.npy
    All pictures of a folder:
      gan-infer invert exported/cdcgan.onnx --image folder --digit 5
    By what is white in hole.png alone:
      gan-infer invert exported/cdcgan.onnx --image five.png --mask hole.png
    """  # noqa: D301
    from pipeline.inference.cli.invert import invert_pictures
    from pipeline.inference.errors import InferenceError

    if not image:
        raise InferenceError("--image is missing: a picture, or a folder of them")
    search = (steps, starts, seed)
    invert_pictures(file, image, digit, mask, out, search, scale, as_json, force, device)


@commands.command()
def inpaint(
    file: options.File,
    image: options.Image = None,
    mask: options.Mask = None,
    digit: options.Digit = None,
    steps: Annotated[int, typer.Option(metavar="N", help="Of the search.")] = 800,
    starts: options.Starts = 32,
    seed: options.OfDraws = 0,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A .png, .jpg or .webp file; several pictures become one sheet. "
            "[default: NAME-inpainted.png]",
        ),
    ] = None,
    columns: options.Columns = 10,
    scale: options.Scale = 1,
    as_json: options.Json = False,
    force: options.Force = False,
    device: options.Device = "auto",
) -> None:
    """Fill the hole in a picture with what the generator would put there.

    The latent is sought whose picture comes nearest around the hole, which is what is black in --mask: a
    picture of the same size. What is white stays as it is. Without --digit every class is tried. It needs
    NAME.parts/search.onnx beside NAME.onnx.

    \b
    gan-infer inpaint exported/cdcgan.onnx --image five.png --mask hole.png --out whole.png
    """  # noqa: D301
    from pipeline.inference.cli.inpaint import inpaint_pictures
    from pipeline.inference.errors import InferenceError
    from pipeline.inference.output.drawing import Output

    for option, given in (("--image", image), ("--mask", mask)):
        if not given:
            raise InferenceError(
                f"{option} is missing: a picture with a hole, and a mask that is black there"
            )
    output = Output(out, scale, columns, as_json=as_json, force=force)
    inpaint_pictures(file, image, digit, mask, (steps, starts, seed), output, device)


@commands.command()
def grid(
    file: options.File,
    rows: Annotated[int, typer.Option(metavar="N", help="How many latents.")] = 10,
    seed: Annotated[int, typer.Option(metavar="N", help="Row i is made from seed + i.")] = 0,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="A .png, .jpg or .webp file, or - for stdout. [default: NAME-grid.png]"
        ),
    ] = None,
    scale: options.Scale = 1,
    show: options.Show = False,
    force: options.Force = False,
    device: options.Device = "auto",
) -> None:
    """Draw one latent a row, one class or category a column; ten latents a row where there are none.

    \b
    gan-infer grid exported/cdcgan.onnx --rows 5 --scale 2
    """  # noqa: D301
    from pipeline.inference.contract.generator import Generator
    from pipeline.inference.contract.opening import opened
    from pipeline.inference.output import drawing

    with opened(file, device, what=Generator) as generator:
        drawing.grid(generator, rows, seed, drawing.Output(out, scale, 10, show, force=force))


@commands.command()
def interpolate(
    file: options.File,
    digit: options.Digit = None,
    to_digit: Annotated[
        str | None,
        typer.Option("--to-digit", "--to-label", "--to-class", metavar="CLASS", help="The last class."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The seed at the start.")] = 0,
    to_seed: Annotated[
        int | None, typer.Option(metavar="N", help="The seed at the end. [default: seed + 1]")
    ] = None,
    steps: options.Steps = 10,
    out: options.Strip = None,
    scale: options.Scale = 1,
    show: options.Show = False,
    force: options.Force = False,
    device: options.Device = "auto",
) -> None:
    """Walk from one seed to another, or from class to class.

    Between two seeds the pictures change smoothly. Between two classes the way is through mixtures of both,
    if NAME.parts/mixture.onnx lies beside NAME.onnx; else it goes to the latent where both look most alike,
    and changes class there. Without --digit every class walks, each in a row.

    \b
    A strip of ten fives:
      gan-infer interpolate exported/cdcgan.onnx --digit 5 --seed 1 --to-seed 2
    A 3 that becomes an 8, as an animation:
      gan-infer interpolate exported/cdcgan.onnx --digit 3 --to-digit 8 --steps 30 --out morph.gif
    """  # noqa: D301
    from pipeline.inference.contract.generator import Generator
    from pipeline.inference.contract.opening import opened
    from pipeline.inference.output import drawing, strips

    with opened(file, device, what=Generator) as generator:
        seeds = (seed, seed + 1 if to_seed is None else to_seed)
        strips.interpolate(
            generator, seeds, digit, to_digit, steps, drawing.Output(out, scale, 10, show, force=force)
        )


@commands.command()
def sweep(
    file: options.File,
    dimension: Annotated[int, typer.Option(metavar="N", help="Which number of z, from 0.")] = 0,
    digit: options.Digit = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The other numbers are this seed's.")] = 0,
    steps: options.Steps = 9,
    out: options.Strip = None,
    scale: options.Scale = 1,
    show: options.Show = False,
    force: options.Force = False,
    device: options.Device = "auto",
) -> None:
    """Move one dimension of the latent from -3 to 3, the others stay.

    A uniform latent moves from 0 to 1. Without --digit every class moves, each in a row.

    \b
    gan-infer sweep exported/cdcgan.onnx --dimension 7 --digit 5
    """  # noqa: D301
    from pipeline.inference.contract.generator import Generator
    from pipeline.inference.contract.opening import opened
    from pipeline.inference.output import drawing, strips

    with opened(file, device, what=Generator) as generator:
        strips.sweep(
            generator, seed, dimension, digit, steps, drawing.Output(out, scale, 10, show, force=force)
        )


commands.add_typer(editing.commands)
