"""Pictures and plots: pure functions of their input, the same input giving the same bytes.

What is slow to import is imported where a plot is drawn: most processes that train draw none.
"""

import csv
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.files import atomic_path
from pipeline.kinds.shared.rays import rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAPER = 255  # the grey level between images
INK = "#444444"
BLUE, ORANGE, PALE = "#1f5fa8", "#d9730d", "#f0b27a"
SERIES = (BLUE, ORANGE, "#2a9d6f", "#8e44ad", "#666666")  # of curves beside each other
LOSSES = {"g_loss": "generator", "d_loss": "discriminator"}  # of a game
VERDICTS = {
    "d_real": ("D(x), real", BLUE),
    "d_fake": ("D(G(z)) before D's step", ORANGE),
    "d_fake_after": ("D(G(z)) after it", PALE),
}
WIDTH, DPI = 9.0, 150  # plots are 1,350 pixels wide: sharp when a page shows them at 900
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ececec",
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "lines.linewidth": 1.6,
    "legend.frameon": False,
}


def grid(images: np.ndarray, columns: int, scale: int = 1, gap: int = 1) -> Image.Image:
    """Lay images out row by row, `gap` pixels of paper between them; grey stays grey.

    images: uint8 [N, C, H, W] with N >= 1 and C 1 or 3. Each pixel becomes `scale` x `scale` pixels. Volumes,
    uint8 [N, 1, D, H, W], are drawn in pictures of one size, whatever the scale.
    """
    if images.ndim == 5:
        images, scale = pictured(images), 1
    count, channels, height, width = images.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    tile_height, tile_width = height * scale + gap, width * scale + gap
    sheet = np.full((rows * tile_height - gap, columns * tile_width - gap, channels), PAPER, np.uint8)
    large = images.transpose(0, 2, 3, 1).repeat(scale, axis=1).repeat(scale, axis=2)
    for index, image in enumerate(large):
        top, left = index // columns * tile_height, index % columns * tile_width
        sheet[top : top + height * scale, left : left + width * scale] = image
    return Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet)


def pictured(images: np.ndarray) -> np.ndarray:
    """Volumes uint8 [N, 1, D, H, W] as pictures uint8 [N, 1, 96, 96]; pictures as they are."""
    return rendered(images[:, 0] > 0)[:, None] if images.ndim == 5 else images


def interleaved(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of pictures, uint8 [n, C, H, W], or of volumes as one set: all grey or colour, at one size.

    The larger sizes are multiples of the smaller ones.
    """
    drawn = [pictured(row) for row in rows]
    channels, size = (max(row.shape[side] for row in drawn) for side in (1, 2))
    large = [row.repeat(size // row.shape[2], 2).repeat(size // row.shape[3], 3) for row in drawn]
    return np.concatenate([np.broadcast_to(row, (len(row), channels, size, size)) for row in large])


def real_beside_fake(real: np.ndarray, fake: np.ndarray, columns: int = 8, scale: int = 2) -> Image.Image:
    """Two captioned grids side by side. Both uint8 [N, C, H, W], of one shape."""
    halves = {"real": grid(real, columns, scale), "generated": grid(fake, columns, scale)}
    (width, height), mode = halves["real"].size, halves["real"].mode
    margin, caption = 16, 28
    sheet = Image.new(mode, (2 * width + 3 * margin, height + caption + margin), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (title, half) in enumerate(halves.items()):
        left = margin + index * (width + margin)
        middle = (left + width / 2, caption / 2)
        draw.text(middle, title, INK, ImageFont.load_default(16), anchor="mm")
        sheet.paste(half, (left, caption))
    return sheet


def save(image: Image.Image, path: Path) -> None:
    """Write a PNG, whole or not at all."""
    with atomic_path(path) as part:
        image.save(part, format="PNG", optimize=True)


def animation(frames: Sequence[Image.Image], path: Path, frame_ms: int = 150, last_ms: int = 2000) -> None:
    """Write frames of one size as a GIF that loops and rests on the last one.

    A GIF has 256 colours a frame: greys fit exactly, a colour frame gets the palette that suits it best.
    No dithering: it would crawl from frame to frame.
    """
    pages = [frame.quantize(256, dither=Image.Dither.NONE) for frame in frames]
    durations = [frame_ms] * (len(pages) - 1) + [last_ms]
    with atomic_path(path) as part:
        pages[0].save(
            part, format="GIF", save_all=True, append_images=pages[1:], duration=durations, loop=0, disposal=1
        )


def training_curves(history: Path) -> Image.Image:
    """Plot a history.csv over the images seen: the losses, and below them D's verdicts where there are some.

    The columns read are images, every one that ends in `loss`, d_real, d_fake and d_fake_after; blanks leave
    a gap.
    """
    columns = _read_columns(history)
    seen = columns["images"] / 1000
    verdicts = {name: columns[name] for name in VERDICTS if name in columns}
    with _figure(height=5.6 if verdicts else 3.4) as figure:
        panels = figure.subplots(1 + bool(verdicts), 1, sharex=True, squeeze=False)[:, 0]
        titles = LOSSES if "d_loss" in columns else {name: name for name in columns if name.endswith("loss")}
        colours = itertools.cycle((ORANGE, BLUE, PALE))
        shown = [
            _curve(panels[0], seen, columns[name], title.replace("_", " "), next(colours))
            for name, title in titles.items()
        ]
        panels[0].set_ylabel("loss")
        panels[0].set_ylim(_robust_limits(shown))
        for name, values in verdicts.items():
            _curve(panels[1], seen, values, *VERDICTS[name])
        if verdicts:
            panels[1].set_ylim(0, 1)
            panels[1].set_ylabel("mean probability of real")
        panels[-1].set_xlabel("thousands of images seen")
        for axes in panels:
            axes.margins(x=0.01)
            if axes.lines:
                axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 0.99), ncols=3, borderaxespad=0)
        return _render(figure)


def bars(values: Mapping[str, float], title: str) -> Image.Image:
    """Plot one labelled bar a key, in the order given. Values are shares in [0, 1], shown in per cent."""
    with _figure(height=0.8 + 0.32 * len(values)) as figure:
        axes = figure.subplots()
        drawn = axes.barh(list(values), list(values.values()), height=0.65, color=BLUE)
        axes.bar_label(drawn, [f"{value:.1%}" for value in values.values()], padding=4, color=INK)
        axes.invert_yaxis()  # the first key on top
        axes.set_xlim(0, 1.08)  # room for the figure beside a full bar
        axes.set_title(title, loc="left", fontsize=11, color=INK)
        axes.grid(False)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(left=False)
        return _render(figure)


def label_curves(curves: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> Image.Image:
    """Plot the share of test images told right over the labels learnt from, a curve a key, on a log scale.

    curves: by key and number of labels the `mean` and the `deviation` over several draws, shown as a bar;
    None: there was one.
    """
    with _figure(height=4.2) as figure:
        axes = figure.subplots()
        for (name, points), colour in zip(curves.items(), itertools.cycle(SERIES)):
            labels = [int(count) for count in points]
            means, bars = ([point[key] or 0.0 for point in points.values()] for key in ("mean", "deviation"))
            axes.errorbar(labels, means, bars, color=colour, label=name, marker=".", capsize=3)
        axes.set_xscale("log")
        axes.set_xticks(labels, [f"{count:,}" for count in labels])
        axes.minorticks_off()
        axes.set_xlabel("labels")
        axes.set_ylabel("share of the test images told right")
        axes.legend(loc="lower right")
        return _render(figure)


def _read_columns(history: Path) -> dict[str, np.ndarray]:
    """Every column of a CSV file as float64 [rows], NaN where blank."""
    with history.open(newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        names = reader.fieldnames or []
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in names}


def _curve(axes: "Axes", x: np.ndarray, y: np.ndarray, label: str, colour: str) -> np.ndarray:
    """Draw a curve, a noisy one as its running median over a faint trace; return the finite values of `y`."""
    from scipy.ndimage import median_filter

    known = np.isfinite(y)
    x, y = x[known], y[known]
    window = len(y) // 50
    if window > 1:
        axes.plot(x, y, color=colour, alpha=0.25, linewidth=0.7)
        axes.plot(x, median_filter(y, window, mode="nearest"), color=colour, label=label)
    elif len(y):
        axes.plot(x, y, color=colour, label=label, marker="." if len(y) == 1 else None)
    return y


def _robust_limits(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    """Limits that hold every curve up to Tukey's outer fences, so that a spike does not flatten the rest."""
    low, high = [], []
    for curve in (curve for curve in curves if len(curve)):
        first, third = np.percentile(curve, [25, 75])
        reach = 3 * (third - first)
        low.append(max(curve.min(), first - reach))
        high.append(min(curve.max(), third + reach))
    if not low:
        return 0.0, 1.0
    margin = 0.05 * (max(high) - min(low)) or 0.5
    return min(low) - margin, max(high) + margin


@contextmanager
def _figure(height: float) -> "Iterator[Figure]":
    """Yield a figure in the house style, whatever the user's matplotlibrc says. Height in inches."""
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", STYLE]):
        yield Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")


def _render(figure: "Figure") -> Image.Image:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    return picture.quantize(256, dither=Image.Dither.NONE)  # a third of the bytes, to the eye the same
