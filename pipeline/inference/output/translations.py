"""Pictures that a network makes of pictures, each of its own size: one to a file, or a folder to a folder."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.fields import at_size
from pipeline.inference import console
from pipeline.inference.contract.network import Network
from pipeline.inference.contract.tiles import Tiles, arrow, cut, pieces, tiles_of
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import pictures, targets
from pipeline.inference.output.drawing import Output, may_write, place
from pipeline.kinds import image

Told = Callable[[int, int], None]  # tiles done, of all


def write(network: Network, read: Sequence[str], side: int | None, output: Output) -> None:
    """Write what becomes of each of the files, whole or in tiles of at most `side` pixels, and say what was.

    In a folder each has the name of its own, as PNG.
    """
    tiles = None if side is None else tiles_of(network.description, side)
    name = network.description.name
    out = output.out or targets.unused(f"{name}.png")
    if not targets.is_folder(out):
        if len(read) > 1:
            raise InferenceError(f"{len(read)} pictures: say a folder for them, --out FOLDER/")
        if out != "-":
            may_write([targets.picture(out)], output)
        with console.steps_bar() as told:
            picture = _translated(network, read[0], tiles, output.scale, told)
        written = place(picture, out, output)
    else:
        written = _one_file_each(network, read, tiles, output)
    for file in written[:1]:
        many = f" to {written[-1]}, {len(written)} pictures" if len(written) > 1 else ""
        console.say(f"wrote {file}{many}")
    if output.as_json:
        told = [{"file": str(file), "from": each} for file, each in zip(written, read, strict=False)]
        console.write_json({"model": name, "pictures": told})


def _one_file_each(network: Network, read: Sequence[str], tiles: Tiles | None, output: Output) -> list[Path]:
    if output.show:
        raise InferenceError(f"--show: is for one picture or no file, not for --out {output.out}")
    written = [Path(output.out) / f"{Path(each).stem}.png" for each in read]
    if len(set(written)) < len(written):
        twice = next(file for file in written if written.count(file) > 1)
        raise InferenceError(f"--out {output.out}: two pictures would be {twice}; rename one")
    may_write(written, output)
    made = ([_translated(network, each, tiles, output.scale)] for each in read)
    for file, (picture,) in zip(written, console.progress(made, len(read)), strict=True):
        pictures.save(picture, file)
    return written


def _translated(
    network: Network, file: str, tiles: Tiles | None, scale: int, told: Told | None = None
) -> Image.Image:
    """The picture that a file becomes; what goes wrong is told of that file."""
    (_, given), (_, made) = arrow(network.description)
    try:
        pixels = image.pixels_of(file, given.shape)
        channels, height, width = at_size(made, *pixels.shape[:2]).shape
        pictures.sheet_size(1, 1, scale, height, width)
        canvas = np.empty((height, width, channels), np.uint8)
        places = cut(network.description, *pixels.shape[:2], tiles)
        for done, piece in enumerate(pieces(network, pixels, places), 1):
            (part,) = network.pixels(piece.values[None])
            canvas[piece.top :, piece.left :][: part.shape[0], : part.shape[1]] = part
            if told:
                told(done, len(places))
    except InferenceError as error:
        raise InferenceError(str(error) if file in str(error) else f"{file}: {error}") from None
    return pictures.sheet(canvas[None], 1, scale)
