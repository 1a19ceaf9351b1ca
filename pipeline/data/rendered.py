"""Digits rendered from the fonts that come with matplotlib, moved about, in the frame of MNIST's."""

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.data.originals import Originals, Split
from pipeline.errors import UserError
from pipeline.files import atomic_path
from pipeline.streams import seed_of

CLASSES = [str(digit) for digit in range(10)]
_STYLES = ("", "-Bold", "-Oblique", "-BoldOblique"), ("", "-Bold", "-Italic", "-BoldItalic")
FONTS = (  # matplotlib's others have no digits
    *(f"DejaVuSans{style}" for style in _STYLES[0]),
    *(f"DejaVuSansMono{style}" for style in _STYLES[0]),
    *(f"DejaVuSerif{style}" for style in _STYLES[1]),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    *("cmb10", "cmmi10", "cmr10", "cmss10", "cmti10", "cmtt10"),
)
COUNTS = {"train": 12_000, "test": 2_000}
# MNIST's: the longer side of a digit, and the side of the picture in whose middle its centre of mass lies
BOX, SIDE = 20, 28
# how far a digit is moved: turned, slanted (degrees), drawn out
TURN, SLANT, STRETCH = 15.0, 15.0, 0.2
_LARGE, _BATCH = 64, 500  # the size of a letter before it is scaled down; images at a time


def download(raw: Path) -> None:
    """Copy the fonts, so that DVC sees their content."""
    bundled = Path(matplotlib.get_data_path(), "fonts", "ttf")
    with atomic_path(raw) as part:
        part.mkdir()
        for name in FONTS:
            shutil.copyfile(bundled / f"{name}.ttf", part / f"{name}.ttf")


def originals(raw: Path) -> Originals:
    """Digits of all fonts, as many of each, in turn; UserError names a font that is missing or damaged."""
    try:
        fonts = [ImageFont.truetype(raw / f"{name}.ttf", _LARGE) for name in FONTS]
    except OSError:
        raise UserError(f"{raw} is missing or damaged: run `python -m stages.download`") from None
    train, test = (_split(fonts, part, count) for part, count in COUNTS.items())
    return Originals(CLASSES, 1, train, test)


def _split(fonts: list[ImageFont.FreeTypeFont], part: str, count: int) -> Split:
    labels = np.arange(count) % len(CLASSES)

    def batches() -> Iterator[torch.Tensor]:
        random = np.random.default_rng(seed_of(0, f"rendered digits to {part}"))
        for start in range(0, count, _BATCH):
            drawn = [
                rendered(fonts[number // len(CLASSES) % len(fonts)], CLASSES[labels[number]], random)
                for number in range(start, min(start + _BATCH, count))
            ]
            yield torch.from_numpy(np.stack(drawn))[:, None]

    return Split(labels, batches)


def rendered(font: ImageFont.FreeTypeFont, digit: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """White on black, [28, 28]: turned, slanted and drawn out at random, then framed as MNIST's are."""
    turn, slant = (math.radians(most) * random.uniform(-1, 1) for most in (TURN, SLANT))
    stretch = 1 + STRETCH * random.uniform(-1, 1)
    middle, side = _LARGE, 2 * _LARGE
    page = Image.new("L", (side, side))
    ImageDraw.Draw(page).text((middle, middle), digit, 255, font, anchor="mm")
    cosine, sine = math.cos(turn), math.sin(turn)
    across, down = np.array([[cosine, -sine], [sine, cosine]]) @ [
        [stretch, math.tan(slant)],
        [0, 1 / stretch],
    ]
    moved = (*across, middle - across.sum() * middle, *down, middle - down.sum() * middle)
    return framed(page.transform(page.size, Image.Transform.AFFINE, moved, Image.Resampling.BILINEAR))


def framed(page: Image.Image) -> NDArray[np.uint8]:
    """What a black page shows: the longer side scaled to 20 pixels, the centre of mass in the middle."""
    drawn = page.crop(page.getbbox())
    scale = BOX / max(drawn.size)
    size = [max(1, round(length * scale)) for length in drawn.size]
    pixels = np.asarray(drawn.resize(size, Image.Resampling.BOX))
    centre = [
        (pixels.sum(1 - axis) @ np.arange(length) / pixels.sum()) for axis, length in enumerate(pixels.shape)
    ]
    # a digit that leans on one side would leave the picture: it stays whole
    top, left = (
        min(max(round((SIDE - 1) / 2 - mass), 0), SIDE - length)
        for mass, length in zip(centre, pixels.shape, strict=True)
    )
    picture = np.zeros((SIDE, SIDE), np.uint8)
    picture[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return picture
