"""Arrays to pictures: a sheet or an animation, saved whole or not at all."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.inference import files
from pipeline.inference.errors import InferenceError

MAX_PIXELS = 100_000_000
FRAME = 80  # milliseconds a picture of an animation


def sheet_size(count: int, columns: int, scale: int, height: int, width: int) -> tuple[int, int]:
    """Return a sheet's (rows, columns), at most `columns` wide; InferenceError if it would be too large."""
    for name, value in (("columns", columns), ("scale", scale)):
        if value < 1:
            raise InferenceError(f"{name} {value}: say 1 or more")
    columns = min(columns, count)
    rows = -(-count // columns)
    high, wide = rows * height * scale, columns * width * scale
    if high * wide > MAX_PIXELS:
        raise InferenceError(
            f"a picture of {wide} x {high} pixels is too large (at most {MAX_PIXELS:,} pixels): "
            "ask for fewer pictures, a smaller scale, or one file each"
        )
    return rows, columns


def sheet(images: np.ndarray, columns: int, scale: int) -> Image.Image:
    """Lay out uint8 [N, H, W, C] (N >= 1, C 1 or 3) row by row, `scale` times as large; the rest is black."""
    count, height, width, channels = images.shape
    rows, columns = sheet_size(count, columns, scale, height, width)
    cells = np.zeros((rows * columns, height, width, channels), np.uint8)
    cells[:count] = images
    grid = cells.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    pixels = grid.reshape(rows * height, columns * width, channels)
    picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def save(picture: Image.Image, target: Path) -> None:
    """Write a PNG, JPEG or lossless WebP beside `target`, move it into place; missing folders are made."""
    options = {".webp": {"lossless": True}, ".jpg": {"quality": 95}, ".jpeg": {"quality": 95}}
    with files.appearing(target) as part:
        picture.save(
            part, **options.get(target.suffix.lower(), {})
        )  # by its ending: naming the format would import five of them


def save_frames(frames: list[Image.Image], target: Path, *, back: bool = True) -> None:
    """Write an animation, .gif or (lossless) .webp, that goes through `frames`, and `back`, for ever."""
    if back:
        frames = frames + frames[-2:0:-1]
    options = {"lossless": True} if target.suffix.lower() == ".webp" else {}
    with files.appearing(target) as part:
        frames[0].save(
            part,
            save_all=True,
            append_images=frames[1:],
            duration=FRAME,
            loop=0,
            **options,
        )


def png_bytes(picture: Image.Image) -> bytes:
    """Return `picture` as a PNG."""
    data = io.BytesIO()
    picture.save(data, format="PNG")
    return data.getvalue()
