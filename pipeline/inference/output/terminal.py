"""Pictures in the terminal: by kitty's protocol, as sixels, or as half blocks, by what it can do."""

import base64
import os
import re
import shutil

import numpy as np
from PIL import Image

from pipeline.inference import console
from pipeline.inference.output.pictures import png_bytes

# "Can you show this pixel?", then "what are you?" (DA1): every terminal answers that, so the wait is short.
# https://sw.kovidgoyal.net/kitty/graphics-protocol/#querying-support-and-available-transmission-mediums
QUESTION = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c"
KITTY = b"\x1b_Gi=31;OK"
ATTRIBUTES = re.compile(rb"\x1b\[\?([0-9;]*)c")
SIXEL = b"4"  # among the attributes
PATIENCE = 1.0  # seconds
LONGEST = 4096  # bytes of an answer, and of a piece of kitty's data


def show(picture: Image.Image) -> None:
    """Write `picture` (mode L or RGB) to stdout as the terminal there can show it; half blocks elsewhere."""
    answer = ask() if os.isatty(1) else b""
    attributes = ATTRIBUTES.search(answer)
    if KITTY in answer:
        console.write(kitty(_enlarged(picture)))
    elif attributes and SIXEL in attributes[1].split(b";"):
        console.write(sixel(_enlarged(picture)))
    else:
        full_colour = os.environ.get("COLORTERM") in ("truecolor", "24bit")
        console.write(half_blocks(_fitted(picture), full_colour).encode())


def ask() -> bytes:
    """Return what the controlling terminal answers to QUESTION; nothing where there is none."""
    try:
        import select
        import termios
        import tty

        with open("/dev/tty", "r+b", buffering=0) as device:
            before = termios.tcgetattr(device)
            answer = b""
            try:
                tty.setcbreak(device)
                device.write(QUESTION)
                while len(answer) < LONGEST and not ATTRIBUTES.search(answer):
                    if not select.select([device], [], [], PATIENCE)[0]:
                        break
                    answer += device.read(LONGEST)
            finally:
                termios.tcsetattr(device, termios.TCSADRAIN, before)
            return answer
    except (ImportError, OSError, termios.error):  # no such module on Windows, no terminal
        return b""


def kitty(picture: Image.Image) -> bytes:
    """Return the escape codes of kitty's graphics protocol: a PNG in pieces."""
    data = base64.standard_b64encode(png_bytes(picture))
    pieces = [data[start : start + LONGEST] for start in range(0, len(data), LONGEST)]
    codes = []
    for index, piece in enumerate(pieces):
        first = b"f=100,a=T," if index == 0 else b""
        more = index < len(pieces) - 1
        codes.append(b"\x1b_G%bm=%d;%b\x1b\\" % (first, more, piece))
    return b"".join(codes) + b"\n"


def sixel(picture: Image.Image) -> bytes:
    """Return `picture` as sixels, bands of six rows, in at most 256 colours (DEC STD 070, chapter 9)."""
    chosen = picture.convert("RGB").quantize(256)
    pixels = np.asarray(chosen)
    palette = np.array(chosen.getpalette()).reshape(-1, 3)
    codes = [b'\x1bPq"1;1;%d;%d' % (picture.width, picture.height)]
    for number in np.unique(pixels):
        red, green, blue = np.rint(palette[number] / 2.55)  # in hundredths
        codes.append(b"#%d;2;%d;%d;%d" % (number, red, green, blue))
    for top in range(0, picture.height, 6):
        band = pixels[top : top + 6]
        bits = 1 << np.arange(len(band))[:, None]
        for number in np.unique(band):
            row = bytes((63 + ((band == number) * bits).sum(0)).astype(np.uint8))
            runs = re.sub(rb"(.)\1{3,}", lambda run: b"!%d%b" % (len(run[0]), run[1]), row)
            codes.append(b"#%d%b$" % (number, runs))
        codes.append(b"-")
    return b"".join(codes) + b"\x1b\\\n"


def half_blocks(picture: Image.Image, full_colour: bool) -> str:
    """Return lines of upper half blocks: two pixels a character, in 24-bit or else in the 256 colours."""
    pixels = np.asarray(picture.convert("RGB"))
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, np.zeros_like(pixels[:1])])
    code = _code_24_bit if full_colour else _code_256
    lines = []
    for upper, lower in zip(pixels[::2].tolist(), pixels[1::2].tolist(), strict=True):
        cells = [f"\x1b[38;{code(*top)};48;{code(*low)}m▀" for top, low in zip(upper, lower, strict=True)]
        lines.append("".join(cells) + "\x1b[0m\n")
    return "".join(lines)


def _code_24_bit(red: int, green: int, blue: int) -> str:
    return f"2;{red};{green};{blue}"


def _code_256(red: int, green: int, blue: int) -> str:
    """The nearest of xterm's 256 colours: 24 greys (8, 18, ... 238) from 232, a cube of 6 x 6 x 6 from 16."""
    if red == green == blue and 4 <= red <= 246:
        return f"5;{232 + min(23, max(0, red - 3) // 10)}"
    red, green, blue = (round(part / 51) for part in (red, green, blue))
    return f"5;{16 + 36 * red + 6 * green + blue}"


def _enlarged(picture: Image.Image) -> Image.Image:
    """A digit is the size of a character on the screen: several times as large where there is room."""
    factor = max(1, min(256 // picture.height, 768 // picture.width))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def _fitted(picture: Image.Image) -> Image.Image:
    """Shrunk to the terminal's width, a pixel a column."""
    columns = shutil.get_terminal_size().columns
    if picture.width <= columns:
        return picture
    return picture.resize((columns, max(1, picture.height * columns // picture.width)), Image.Resampling.BOX)
