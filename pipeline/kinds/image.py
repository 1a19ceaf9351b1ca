"""A picture: float32 [C, H, W], grey or colour, in [-1, 1] or [0, 1]."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.fields import Field, at_size
from pipeline.kinds.shared import values
from pipeline.kinds.shared.errors import InferenceError

if TYPE_CHECKING:
    from PIL import Image

DTYPE = "float32"
OPTION = "--image FILE"
RANGES = ([-1, 1], [0, 1])
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff")
EXAMPLE = (48, 64)  # height and width of an example where they are free
MAX_PIXELS = 100_000_000  # of a picture that is read: a few hundred bytes can claim billions


def check_field(field: Field, side: str) -> None:
    """Grey or RGB, in a known range."""
    values.check_shape(field, "[C, H, W]")
    if field.shape[0] not in (1, 3):
        raise InferenceError(f"shape is {list(field.shape)}: not [C, H, W] with C = 1 or 3")
    if field.about.get("range") not in RANGES:
        raise InferenceError(f"'range' is {field.about.get('range')!r}: known is [-1, 1] or [0, 1]")


def about(field: Field) -> str:
    """The range of its values."""
    return f"in {range_text(field)}"


def range_text(field: Field) -> str:
    """The range as "[-1, 1]"."""
    low, high = field.about["range"]
    return f"[{low:g}, {high:g}]"


def each(text: str) -> list[str]:
    """Return the pictures that a path means: the file itself, or all in the folder, by name."""
    if not os.path.isdir(text):
        return [text]
    found = sorted(str(path) for path in Path(text).iterdir() if path.suffix.lower() in ENDINGS)
    if not found:
        raise InferenceError(f"{text}: a folder without pictures")
    return found


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """The picture in a file: its centre, resized to the field's size, grey or colour as the field is.

    All of it as it is where the sides are free.
    """
    return from_pixels(field, pixels_of(text, field.shape)[None])


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Float32 [N, C, H, W]."""
    values.check_array(name, field, DTYPE, array)


def example(field: Field, count: int) -> np.ndarray:
    """Ramps from black to white, each begun elsewhere, in grey levels that a picture can have."""
    channels, height, width = at_size(field, *EXAMPLE).shape
    ramp = np.linspace(0, 255, channels * height * width).astype(np.uint8)
    ramps = [np.roll(ramp, 7 * index).reshape(height, width, channels) for index in range(count)]
    return from_pixels(field, np.stack(ramps))


def pixels(field: Field, array: np.ndarray) -> np.ndarray:
    """Map float [N, C, H, W] in the field's range to uint8 [N, H, W, C]."""
    return to_uint8(array) if field.about["range"] == [-1, 1] else to_uint8(array * 2 - 1)


def picture_shape(field: Field) -> tuple[int, int, int]:
    """[C, H, W] of what `pixels` gives."""
    return field.shape


def stored(field: Field, array: np.ndarray) -> np.ndarray:
    """Map float [N, C, H, W] in the field's range to uint8 of the same shape, as data are stored."""
    return np.ascontiguousarray(pixels(field, array).transpose(0, 3, 1, 2))


def from_pixels(field: Field, array: np.ndarray) -> np.ndarray:
    """Map uint8 [N, H, W, C] to float32 [N, C, H, W] in the field's range."""
    low, high = field.about["range"]
    scaled = array.astype(np.float32) / np.float32(255 / (high - low)) + np.float32(low)
    return scaled.transpose(0, 3, 1, 2)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Map float [N, C, H, W] in [-1, 1] to uint8 [N, H, W, C], where -1 is 0 (black) and 1 is 255."""
    return np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def pixels_of(file: str, shape: tuple[int | str, ...]) -> np.ndarray:
    """Return uint8 [H, W, C] of a picture's file for a shape [C, H, W]; InferenceError if it is none."""
    from PIL import Image, ImageOps

    if not os.path.isfile(file):
        raise InferenceError(f"{file}: no such file")
    channels, height, width = shape
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(file) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels, at most {MAX_PIXELS:,} are read")
            plain = grey_or_rgb(ImageOps.exif_transpose(image))
    except MemoryError:
        raise
    except Exception as error:  # every decoder fails in a way of its own
        raise InferenceError(f"{file}: can't be read as a picture ({str(error)[:200]})") from error
    fitted = plain if isinstance(height, str) else _fit(plain, height, width)
    pixels = np.asarray(fitted.convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(*pixels.shape[:2], channels)


def is_grey_mode(mode: str) -> bool:
    """Black and white, 8 bits with or without alpha, or one of the 16 and 32 bit modes (I, I;16, I;16B)."""
    return mode in ("1", "L", "LA") or mode.startswith("I")


def grey_or_rgb(image: "Image.Image", background: str = "white") -> "Image.Image":
    """Bring any mode of PIL to 8 bits, L or RGB; `background` is the colour behind what is transparent."""
    from PIL import Image, ImageColor

    if image.mode == "F":
        raise ValueError("floating-point pixels have no agreed range; save it with 8 or 16 bits")
    if image.mode.startswith("I"):  # 16 bits, which PIL would clip to 255: keep the high byte
        return Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
    mode = "L" if is_grey_mode(image.mode) else "RGB"
    if image.has_transparency_data:
        page = Image.new("RGBA", image.size, background)
        if len(set(ImageColor.getrgb(background)[:3])) > 1:
            mode = "RGB"
        image = Image.alpha_composite(page, image.convert("RGBA"))
    return image.convert(mode)


def _fit(image: "Image.Image", height: int, width: int) -> "Image.Image":
    """Cut out the largest part in the middle with the sides' ratio, a square for a square, and resize it."""
    from PIL import Image

    if image.size == (width, height):
        return image
    scale = min(image.width / width, image.height / height)
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = round((image.width - wide) / 2), round((image.height - high) / 2)
    part = image.crop((left, top, left + wide, top + high))
    return part.resize((width, height), Image.Resampling.BILINEAR)
