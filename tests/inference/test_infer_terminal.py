import base64
import io
import os
import pty
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.inference.output import terminal

ROOT = Path(__file__).parents[2]
HALF = re.compile(r"\x1b\[38;(.+?);48;(.+?)m▀")


def picture(*shape):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, np.uint8))


def test_kitty_gets_a_png_in_pieces():
    shown = picture(90, 80, 3)
    codes = re.findall(rb"\x1b_G(.*?);(.*?)\x1b\\", terminal.kitty(shown))
    assert [keys for keys, _ in codes] == [b"f=100,a=T,m=1", *[b"m=1"] * (len(codes) - 2), b"m=0"]
    assert len(codes) > 2
    assert all(len(data) <= 4096 for _, data in codes)
    received = Image.open(io.BytesIO(base64.b64decode(b"".join(data for _, data in codes))))
    assert np.array_equal(np.asarray(received), np.asarray(shown))


def drawn_sixels(data):
    """Draw sixel data as a terminal does: [H, W, 3], in hundredths."""
    _, width, height, body = re.fullmatch(rb'(\x1bPq)"1;1;(\d+);(\d+)(.*)\x1b\\\n', data, re.DOTALL).groups()
    canvas = np.full((int(height) + 5, int(width), 3), -1)
    palette, x, top, colour = {}, 0, 0, None
    for code in re.finditer(rb"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|([$-])", body):
        if code[1]:
            palette[int(code[1])] = [int(code[part]) for part in (2, 3, 4)]
        elif code[5]:
            colour = palette[int(code[5])]
        elif code[9]:
            x, top = 0, top + (6 if code[9] == b"-" else 0)
        else:
            repeat, bits = int(code[6] or 1), (code[7] or code[8])[0] - 63
            for row in range(6):
                if bits >> row & 1:
                    canvas[top + row, x : x + repeat] = colour
            x += repeat
    assert (canvas[int(height) :] == -1).all()
    return canvas[: int(height)]


@pytest.mark.parametrize("shape", [(13, 17), (6, 5, 3), (1, 1), (12, 20, 3)])
def test_sixels_draw_the_picture(shape):
    shown = picture(*shape)
    expected = np.asarray(shown.convert("RGB")) / 2.55
    assert np.abs(drawn_sixels(terminal.sixel(shown)) - expected).max() <= 1  # a hundredth is the unit


def test_runs_of_a_sixel_are_written_short():
    wide = Image.fromarray(np.zeros((6, 700), np.uint8))
    assert b"!700~" in terminal.sixel(wide)
    assert not drawn_sixels(terminal.sixel(wide)).any()


def test_half_blocks_are_two_pixels_a_character():
    shown = np.random.default_rng(1).integers(0, 256, (3, 4, 3), np.uint8)
    lines = terminal.half_blocks(Image.fromarray(shown), full_colour=True).splitlines()
    cells = [[part.split(";")[1:] for part in pair] for line in lines for pair in HALF.findall(line)]
    found = np.array(cells, int).reshape(2, 4, 2, 3).swapaxes(1, 2).reshape(4, 4, 3)
    assert np.array_equal(found[:3], shown)
    assert not found[3].any()
    assert all(line.endswith("\x1b[0m") for line in lines)


def xterm_colour(number):
    """The colour of one of xterm's 256 numbers, 16 and up, as its 256colres.pl computes it."""
    if number >= 232:
        return [8 + 10 * (number - 232)] * 3
    levels = [0, 95, 135, 175, 215, 255]
    number -= 16
    return [levels[number // 36], levels[number // 6 % 6], levels[number % 6]]


def test_256_colours_are_near_the_pixel():
    greys = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    numbers = [
        int(part.split(";")[1])
        for pair in HALF.findall(terminal.half_blocks(greys, full_colour=False))
        for part in pair
    ]
    grey = np.arange(256).reshape(8, 2, 16).swapaxes(1, 2).ravel()
    found = np.array([xterm_colour(number) for number in numbers])
    assert np.abs(found - grey[:, None]).max() <= 9
    assert len(set(numbers)) == 26  # 24 greys, black, white


KITTY = b"\x1b_Gi=31;OK\x1b\\\x1b[?62;c"
STARTS = {
    "kitty": (KITTY, b"\x1b_Gf=100"),
    "sixel": (b"\x1b[?62;4;22c", b"\x1bPq"),
    "neither": (b"\x1b[?64;22;44c", b"\x1b[38;"),
    "silent": (b"", b"\x1b[38;"),
    "kitty refuses": (b"\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?1;2c", b"\x1b[38;"),
}


@pytest.mark.parametrize(("answer", "start"), STARTS.values(), ids=STARTS.keys())
def test_the_terminal_decides(monkeypatch, capfdbinary, answer, start):
    monkeypatch.setattr(terminal, "ask", lambda: answer)
    monkeypatch.setattr(os, "isatty", lambda descriptor: True)
    terminal.show(picture(4, 4))
    assert capfdbinary.readouterr().out.startswith(start)


def test_off_a_terminal_nothing_is_asked(monkeypatch, capfdbinary):
    monkeypatch.setattr(terminal, "ask", lambda: KITTY)
    monkeypatch.setenv("COLUMNS", "20")
    terminal.show(picture(32, 64))
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert [line.count("▀") for line in lines] == [20] * 5  # shrunk to the width


def test_small_pictures_are_enlarged_for_a_terminal_with_pixels(monkeypatch, capfdbinary):
    monkeypatch.setattr(terminal, "ask", lambda: b"\x1b[?4c")
    monkeypatch.setattr(os, "isatty", lambda descriptor: True)
    terminal.show(picture(32, 32))
    assert b'"1;1;256;256#' in capfdbinary.readouterr().out


ASK = "from pipeline.inference.output import terminal; import sys; sys.stdout.write(repr(terminal.ask()))"


def talk(answer):
    """Run `ask` on a terminal of its own that gives `answer`; return all that it wrote there."""
    child, descriptor = pty.fork()
    if child == 0:
        os.environ["PYTHONPATH"] = str(ROOT)
        os.execv(sys.executable, [sys.executable, "-c", ASK])
    written = b""
    while terminal.QUESTION not in written:
        written += os.read(descriptor, 1000)
    os.write(descriptor, answer)
    try:
        while piece := os.read(descriptor, 1000):
            written += piece
    except OSError:  # the terminal's other end is closed
        pass
    assert os.waitpid(child, 0)[1] == 0
    os.close(descriptor)
    return written.partition(terminal.QUESTION)[2]


def test_a_real_terminal_is_asked_and_heard():
    assert talk(KITTY) == repr(KITTY).encode()  # and the answer is not echoed


def test_a_silent_terminal_is_not_waited_for_long():
    assert talk(b"") == b"b''"


def test_an_endless_answer_is_cut():
    assert len(talk(b"x" * 4000 + b"\n" + b"x" * 4000)) < 10_000
