"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(metavar="FILE", help="The exported file.", show_default=False)]
Digit = Annotated[
    str | None,
    typer.Option("--digit", "--label", "--class", metavar="CLASS", help="The class: its number or name."),
]
Code = Annotated[
    list[str] | None,
    typer.Option(metavar="K=VALUE", help="A category or a number of a code, numbered from 1; repeatable."),
]
Image = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE", help="A picture to give to the network, or a folder of them; repeatable."),
]
Text = Annotated[
    list[str] | None,
    typer.Option(metavar="WORDS", help="A caption: what the picture is to show; repeatable."),
]
Box = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LEFT,TOP,WIDTH,HEIGHT", help="Where it is, in shares of the picture's sides; repeatable."
    ),
]
Field = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="Any input by its name (see gan-infer info); repeatable."),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Picture i is made from seed + i.")]
Mask = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="A picture: white where a pixel counts, black where it is covered."),
]
Starts = Annotated[
    int, typer.Option(metavar="N", help="Draws to begin at, unless an encoder ships; ever fewer go on.")
]
OfDraws = Annotated[int, typer.Option("--seed", metavar="N", help="Of the draws.")]
Columns = Annotated[int, typer.Option(metavar="N", help="Pictures a row on a sheet.")]
Scale = Annotated[int, typer.Option(metavar="N", help="How many times as large.")]
Steps = Annotated[int, typer.Option(metavar="N", help="How many pictures the walk has.")]
Strip = Annotated[
    str | None,
    typer.Option(
        "--out",
        metavar="PATH",
        help="A .png or .jpg file (a strip), .gif or .webp (an animation), or - for a PNG on stdout. "
        "[default: named after the class; with -2, -3, ... where that exists]",
    ),
]
Show = Annotated[bool, typer.Option("--show", help="Show it in the terminal; without --out, write no file.")]
Force = Annotated[
    bool, typer.Option("--force", help="Replace what --out names. [default: an existing file is refused]")
]
Device = Annotated[str, typer.Option(metavar="DEVICE", help="auto, cpu or cuda.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, on stdout.")]
