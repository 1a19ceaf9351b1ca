"""A contact sheet: some pictures, each beside what is made of it."""

import torch
from PIL import Image

from pipeline.data.squares import squares

SIDE, GAP, COLUMNS = 96, 4, 4  # pixels of a cell and around it; pairs in a row


def contact_sheet(pictures: list[torch.Tensor], size: int, way: str) -> Image.Image:
    """Pictures uint8 [1 or 3, H, W] as they are, each with its square, made the `way` of squares.py."""
    rows = -(-len(pictures) // COLUMNS)
    wide, high = 2 * SIDE + 3 * GAP, SIDE + GAP
    sheet = Image.new("RGB", (COLUMNS * wide, rows * high + GAP), "white")
    for number, picture in enumerate(pictures):
        row, column = divmod(number, COLUMNS)
        left, top = column * wide + GAP, row * high + GAP
        whole = _image(picture)
        whole.thumbnail((SIDE, SIDE))
        sheet.paste(whole, (left, top))
        square = _image(squares(picture, size, way)[0][0]).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        sheet.paste(square, (left + SIDE + GAP, top))
    return sheet


def _image(picture: torch.Tensor) -> Image.Image:
    return Image.fromarray(picture.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())
