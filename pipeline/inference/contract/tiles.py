"""An image through a network from an image to an image, whole or in tiles that overlap."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from pipeline.fields import Field, is_free
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.network import Network
from pipeline.inference.errors import InferenceError
from pipeline.kinds import image


class Tiles(NamedTuple):
    """At most `side` pixels each way, `around` of them beside what is kept; begun at multiples of `step`."""

    side: int
    around: int
    step: int


class Span(NamedTuple):
    """Along one side: what a tile is given, and what of it is kept, pixels of the source."""

    first: int
    last: int
    kept_first: int
    kept_last: int


class Piece(NamedTuple):
    """A part of what comes out, [C, h, w] in the file's range, and where its first pixel is."""

    top: int
    left: int
    values: np.ndarray


def tiles_of(about: Description, side: int) -> Tiles:
    """Return tiles in which a file's pictures come out as they do whole.

    InferenceError for a file that takes one size alone, a network whose pixels hang on the whole picture, and
    tiles that the overlap would fill.
    """
    ((_, field), _) = arrow(about)
    if not is_free(field):
        raise InferenceError(
            f"--tile {side}: {about.name} takes pictures of {field.shape[2]} x {field.shape[1]} pixels "
            "alone; its file for any size is in NAME.parts/image-to-image/"
        )
    around, step = field.about["reach"], field.about["step"]
    if isinstance(around, str):
        raise InferenceError(
            f"--tile {side}: each pixel that {about.name} makes hangs on the whole picture, by {around}, so "
            "tiles would show; leave --tile out"
        )
    around = -(-around // step) * step
    if side < 2 * around + step:
        raise InferenceError(
            f"--tile {side}: say {2 * around + step} or more, for {around} pixels overlap on each side"
        )
    return Tiles(side, around, step)


def spans(length: int, tiles: Tiles) -> list[Span]:
    """Cut a side into tiles, of which what is kept joins without a gap."""
    if length <= tiles.side:
        return [Span(0, length, 0, length)]
    kept = (tiles.side - 2 * tiles.around) // tiles.step * tiles.step
    found = []
    for first in range(0, length, kept):
        last = min(length, first + kept)
        found.append(Span(max(0, first - tiles.around), min(length, last + tiles.around), first, last))
    return found


def cut(about: Description, height: int, width: int, tiles: Tiles | None = None) -> list[tuple[Span, Span]]:
    """Return the tiles of a picture, rows and columns of each; without `tiles` one that is all of it.

    InferenceError for a picture that is too small.
    """
    ((_, field), _) = arrow(about)
    least = field.about.get("least", 1)
    if min(height, width) < least:
        raise InferenceError(
            f"{width} x {height} pixels: too small; {about.name} takes {least} a side or more"
        )
    tiles = tiles or Tiles(max(height, width), 0, 1)
    return list(product(spans(height, tiles), spans(width, tiles)))


def pieces(network: Network, pixels: np.ndarray, places: Sequence[tuple[Span, Span]]) -> Iterator[Piece]:
    """Yield what becomes of the tiles of uint8 [H, W, C] that `cut` gave."""
    about, scale = network.description, scale_of(network.description)
    ((name, field), _) = arrow(about)
    for row, column in places:
        part = pixels[row.first : row.last, column.first : column.last]
        try:
            (made,) = network.compute({name: image.from_pixels(field, part[None])})[about.picture]
        except InferenceError as error:
            hint = "; --tile 256 takes less memory" if isinstance(field.about.get("reach"), int) else ""
            raise InferenceError(f"{error}{hint}") from None
        top, bottom, left, right = (
            scale * (place - span.first) for span in (row, column) for place in span[2:]
        )
        yield Piece(scale * row.kept_first, scale * column.kept_first, made[:, top:bottom, left:right])


def arrow(about: Description) -> list[tuple[str, Field]]:
    """Return the one image that goes in and the one that comes out; empty for a file of anything else."""
    found = [*about.inputs.items(), *about.outputs.items()]
    is_one = (len(about.inputs), len(about.outputs)) == (1, 1)
    return found if is_one and {field.kind for _, field in found} == {"image"} else []


def scale_of(about: Description) -> int:
    """Return how many times as large what comes out is: of a free side "4*height" 4."""
    (_, given), (_, made) = arrow(about)
    if is_free(made):
        return int(str(made.shape[1]).rpartition("*")[0] or 1)
    return made.shape[1] // given.shape[1]
