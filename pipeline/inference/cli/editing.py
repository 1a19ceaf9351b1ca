"""The subcommands of `gan-infer` that change something in a picture: what each takes, and who does it."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.inference.cli import options

commands = typer.Typer(rich_markup_mode=None)


@commands.command()
def attributes(
    file: options.File,
    samples: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A .csv file with what you saw in samples, in place of what can be measured; repeatable.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A .json file, for edit --vectors. [default: NAME-attributes.json; "
            "with -2, -3, ... where that exists]",
        ),
    ] = None,
    strips: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="A .png or .jpg file: each attribute from -2 to 2 deviations, side by side."
        ),
    ] = None,
    digit: options.Digit = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The strips are of this seed.")] = 0,
    scale: options.Scale = 1,
    as_json: options.Json = False,
    force: options.Force = False,
    device: options.Device = "auto",
) -> None:
    """Find what can be edited: attributes of the pictures, and the steps in the latent that move them.

    Slant (degrees), thickness and width (pixels) are measured in drawings on an even background, such as
    digits. The table tells of each the mean and deviation over samples, and what 5 and 95 % of them stay
    below; then how faithfully other samples follow: the rank correlation (Spearman) of how far they were
    moved with what was measured, and how many deviations they moved for each that was asked for.

    An attribute of your own: draw samples, with a table of their seeds; add a column `value` to it, the more
    of the attribute the larger; and give that table. Its name is the attribute's.

    \b
    gan-infer attributes exported/cdcgan.onnx --strips strips.png
    gan-infer --onnx exported/cdcgan.onnx --count 200 --out sheet.png --labels curly.csv
    (add the column `value` to curly.csv)
    gan-infer attributes exported/cdcgan.onnx --samples curly.csv --out curly.json
    gan-infer edit exported/cdcgan.onnx --vectors curly.json --attribute curly=+2 --digit 2
    """  # noqa: D301 - \b marks lines that are not to be wrapped
    from pipeline.inference.cli.attributes import attributes
    from pipeline.inference.output.drawing import Output

    output = Output(out, scale, 10, as_json=as_json, force=force)
    attributes(file, samples or [], strips, digit, seed, output, device)


@commands.command()
def edit(
    file: options.File,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=AMOUNT", help="Such as thickness=+2, in its deviations; repeatable."),
    ] = None,
    direction: Annotated[
        list[str] | None,
        typer.Option(
            metavar="K=AMOUNT",
            help="One of the directions that the first layers turn the most, numbered from 1, the strongest; "
            "in deviations of the latent; repeatable.",
        ),
    ] = None,
    plus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="A picture, or the seed of a sample: their mean is added; repeatable."
        ),
    ] = None,
    minus: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="The same, and their mean is taken away; repeatable."),
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What `attributes` wrote. [default: measured anew]"),
    ] = None,
    digit: options.Digit = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="The sample to edit. [default: 0]")] = None,
    image: Annotated[
        str | None, typer.Option(metavar="FILE", help="Edit this picture, as the generator can make it.")
    ] = None,
    steps: Annotated[
        int,
        typer.Option(
            metavar="N", help="1 is the edited picture; more are a walk from the opposite edit to this one."
        ),
    ] = 1,
    out: options.Strip = None,
    scale: options.Scale = 1,
    show: options.Show = False,
    force: options.Force = False,
    device: options.Device = "auto",
) -> None:
    """Change one thing in a picture: its slant, its thickness, or what others have and it has not.

    Without --digit every class is edited, each in a row. A picture, or what is to be added or taken away, is
    first looked for in the latent space. Take three pictures or more of each: the mean of one is noise.

    \b
    A thicker five:
      gan-infer edit exported/cdcgan.onnx --attribute thickness=+2 --digit 5 --seed 7 --out five.png
    The same from thin to thick in nine steps, or as an animation:
      gan-infer edit exported/cdcgan.onnx --attribute thickness=+2 --digit 5 --seed 7 --steps 9
      gan-infer edit exported/cdcgan.onnx --attribute thickness=+2 --digit 5 --steps 20 --out five.gif
    A direction that nobody named:
      gan-infer edit exported/cdcgan.onnx --direction 3=+2 --digit 5 --steps 9
    What the samples of seeds 1, 4 and 9 have and those of 2, 3 and 8 have not:
      gan-infer edit exported/cdcgan.onnx --plus 1 --plus 4 --plus 9 --minus 2 --minus 3 --minus 8
    A picture of your own, more upright:
      gan-infer edit exported/cdcgan.onnx --image five.png --attribute slant=-1 --digit 5
    """  # noqa: D301
    from pipeline.inference.cli.edit import Changes, edit
    from pipeline.inference.output.drawing import Output

    changes = Changes(attribute or [], direction or [], plus or [], minus or [], vectors)
    edit(file, changes, digit, seed, image, steps, Output(out, scale, 10, show, force=force), device)
