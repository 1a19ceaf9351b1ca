"""Pictures and plots, judged by their pixels."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from pipeline import plots

HEADER = "step,images,epoch,d_loss,g_loss,d_real,d_fake,d_fake_after,lr_generator,lr_discriminator,diversity"


def mnist() -> np.ndarray:
    """The first 64 real test digits, uint8 [64, 1, 28, 28]."""
    name = "t10k-images-idx3-ubyte.gz"
    for folder in (os.environ.get("GAN_DATA_MIRROR"), Path(__file__).parents[1] / "../shared/data/mnist"):
        if folder and (Path(folder) / name).is_file():
            pixels = gzip.decompress((Path(folder) / name).read_bytes())
            return np.frombuffer(pixels, np.uint8, 64 * 28 * 28, offset=16).reshape(64, 1, 28, 28)
    pytest.skip("the MNIST files are neither under GAN_DATA_MIRROR nor in ../shared/data/mnist")


def noise(count: int, channels: int, size: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, channels, size, size), dtype=np.uint8)


def write_history(path: Path, rows: int, spike: float = 0.0) -> Path:
    """A run whose losses stay within 1 and 2 but for one early spike; half the diversities are blank."""
    random = np.random.default_rng(0)
    lines = [HEADER]
    for row in range(rows):
        loss = 1.5 + random.uniform(-0.5, 0.5) + (spike if row == 1 else 0)
        blank_or_not = "0.4" if row % 2 else ""
        lines.append(f"{row * 50},{row * 3200},{row / 10},{loss},{loss},0.7,0.3,0.2,1e-3,1e-3,{blank_or_not}")
    path.write_text("\n".join(lines) + "\n")
    return path


shapes = st.tuples(st.integers(1, 7), st.sampled_from([1, 3]), st.integers(1, 5), st.integers(1, 5))


@given(
    shapes.flatmap(lambda shape: arrays(np.uint8, shape)),
    st.integers(1, 9),
    st.integers(1, 3),
    st.integers(0, 2),
)
def test_grid_puts_every_pixel_in_its_place(images, columns, scale, gap):
    count, channels, height, width = images.shape
    picture = plots.grid(images, columns, scale, gap)
    assert picture.mode == ("L" if channels == 1 else "RGB")
    sheet = np.asarray(picture).reshape(picture.height, picture.width, channels)
    for index in range(count):
        top = index // min(columns, count) * (height * scale + gap)
        left = index % min(columns, count) * (width * scale + gap)
        tile = sheet[top : top + height * scale, left : left + width * scale]
        for offset in range(scale):
            assert np.array_equal(tile[offset::scale, offset::scale], images[index].transpose(1, 2, 0))


def test_grid_is_no_larger_than_its_images_and_gaps():
    assert plots.grid(noise(5, 1), columns=3, scale=2, gap=1).size == (3 * 16 + 2, 2 * 16 + 1)
    assert plots.grid(noise(2, 1), columns=8, gap=2).size == (2 * 8 + 2, 8)


@pytest.mark.parametrize("channels", [1, 3])
def test_real_is_left_and_generated_right_under_captions(channels):
    real, fake = noise(16, channels, 16), 255 - noise(16, channels, 16)
    sheet = plots.real_beside_fake(real, fake, columns=4, scale=2)
    pixels = np.asarray(sheet)
    left, right = (np.asarray(plots.grid(images, 4, scale=2)) for images in (real, fake))
    height, width = left.shape[:2]
    rows, columns = np.array([(top, side) for top in range(40) for side in range(sheet.width - width)]).T
    found = {
        name: [side for top, side in zip(rows, columns, strict=True) if _holds(pixels, half, top, side)]
        for name, half in (("real", left), ("generated", right))
    }
    assert len(found["real"]) == len(found["generated"]) == 1
    assert found["real"][0] < sheet.width / 2 < found["generated"][0]
    captions = pixels[: sheet.height - height - 20]
    assert captions[:, : sheet.width // 2].min() < 128
    assert captions[:, sheet.width // 2 :].min() < 128


def _holds(pixels: np.ndarray, part: np.ndarray, top: int, left: int) -> bool:
    window = pixels[top : top + part.shape[0], left : left + part.shape[1]]
    return window.shape == part.shape and np.array_equal(window, part)


def test_animation_keeps_every_grey_of_real_digits_and_rests_on_the_last(tmp_path):
    digits = mnist().astype(np.float32)
    frames = [plots.grid((digits * share).astype(np.uint8), 8, 2) for share in (0.0, 0.3, 0.6, 1.0)]
    plots.animation(frames, tmp_path / "run.gif", frame_ms=100, last_ms=1500)
    durations = []
    with Image.open(tmp_path / "run.gif") as film:
        assert film.info["loop"] == 0
        for index, frame in enumerate(frames):
            film.seek(index)
            durations.append(film.info["duration"])
            assert np.array_equal(np.asarray(film.convert("L")), np.asarray(frame))
        assert film.n_frames == len(frames)
    assert durations == [100, 100, 100, 1500]


def test_animation_keeps_all_256_greys(tmp_path):
    frames = [plots.grid(images, 8) for images in (noise(64, 1), noise(64, 1)[::-1])]
    plots.animation(frames, tmp_path / "run.gif")
    with Image.open(tmp_path / "run.gif") as film:
        for index, frame in enumerate(frames):
            film.seek(index)
            assert np.array_equal(np.asarray(film.convert("L")), np.asarray(frame))


def test_animation_keeps_colours_near(tmp_path):
    ramp = np.linspace(0, 255, 32).astype(np.uint8)
    red, green = np.meshgrid(ramp, ramp)
    frames = [plots.grid(np.stack([red, green, red[:, ::turn]])[None], 1) for turn in (1, -1)]
    plots.animation(frames, tmp_path / "run.gif")
    with Image.open(tmp_path / "run.gif") as film:
        for index, frame in enumerate(frames):
            film.seek(index)
            difference = np.asarray(film.convert("RGB")).astype(int) - np.asarray(frame)
            assert np.abs(difference).mean() < 8


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "grid.png"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="CMYK"):  # which PNG does not have
        plots.save(Image.new("CMYK", (4, 4)), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_input_gives_the_same_bytes(tmp_path):
    history = write_history(tmp_path / "history.csv", 200)
    images = noise(8, 3)
    for turn in ("first", "second"):
        folder = tmp_path / turn
        plots.save(plots.training_curves(history), folder / "curves.png")
        plots.save(plots.bars({"0": 0.9, "1": 1.0}, "accuracy"), folder / "bars.png")
        plots.save(plots.real_beside_fake(images, images), folder / "both.png")
        plots.animation([plots.grid(images, 4), plots.grid(images[::-1], 4)], folder / "run.gif")
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == ["bars.png", "both.png", "curves.png", "run.gif"]
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_save_writes_what_can_be_read_back(tmp_path):
    picture = plots.grid(noise(4, 3), 2)
    plots.save(picture, tmp_path / "new folder" / "grid.png")
    with Image.open(tmp_path / "new folder" / "grid.png") as saved:
        assert np.array_equal(np.asarray(saved), np.asarray(picture))


def _ink(picture: Image.Image, colour: str) -> np.ndarray:
    """Where a picture has a colour, as bool [H, W]."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(np.asarray(picture.convert("RGB")).astype(int) - wanted) < 12).all(axis=2)


@pytest.mark.parametrize("rows", [20, 400])
def test_an_early_spike_does_not_flatten_the_losses(tmp_path, rows):
    calm = plots.training_curves(write_history(tmp_path / "calm.csv", rows))
    spiked = plots.training_curves(write_history(tmp_path / "spiked.csv", rows, spike=500.0))
    heights = []
    for picture in (calm, spiked):
        upper = _ink(picture, plots.BLUE)[60 : picture.height // 2 - 20, picture.width // 4 :]
        drawn = np.flatnonzero(upper.any(axis=1))
        heights.append(drawn.max() - drawn.min())
    assert heights[1] > heights[0] / 4


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_short_history_is_drawn_too(tmp_path, rows):
    picture = plots.training_curves(write_history(tmp_path / "history.csv", rows))
    assert _ink(picture, plots.BLUE).any() == (rows > 0)


def test_curves_are_drawn_from_their_own_columns(tmp_path):
    history = tmp_path / "history.csv"
    rows = [f"{i},{i * 1000},,1.0,,0.9,0.1,,,," for i in range(20)]
    history.write_text("\n".join([HEADER, *rows]) + "\n")
    picture = plots.training_curves(history)
    middle = slice(picture.width // 2, picture.width * 3 // 4)  # right of the legends
    lower = picture.height // 2
    assert not _ink(picture, plots.ORANGE)[:lower, middle].any()  # g_loss is blank
    assert not _ink(picture, plots.PALE)[lower:, middle].any()  # and so is d_fake_after
    real = np.flatnonzero(_ink(picture, plots.BLUE)[lower:, middle].any(axis=1)).mean()
    fake = np.flatnonzero(_ink(picture, plots.ORANGE)[lower:, middle].any(axis=1)).mean()
    assert real < fake  # 0.9 is above 0.1


def test_bars_are_as_long_as_their_values():
    picture = plots.bars({"none": 0.0, "half": 0.5, "all": 1.0}, "accuracy")
    lengths = np.unique(_ink(picture, plots.BLUE).sum(axis=1))
    full, half = lengths.max(), lengths[lengths > 10].min()
    assert full > picture.width * 0.7
    assert half == pytest.approx(full / 2, abs=3)


def test_the_users_matplotlib_settings_change_nothing():
    import matplotlib

    before = np.asarray(plots.bars({"a": 0.5}, "accuracy").convert("RGB"))
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black"}):
        after = np.asarray(plots.bars({"a": 0.5}, "accuracy").convert("RGB"))
        assert matplotlib.rcParams["font.size"] == 20
    assert np.array_equal(before, after)


def test_label_curves_rise_with_the_labels_and_show_the_deviation():
    flat = {"100": {"mean": 0.5, "deviation": None}, "10000": {"mean": 0.5, "deviation": None}}
    rising = {"100": {"mean": 0.5, "deviation": None}, "10000": {"mean": 0.9, "deviation": None}}
    spread = {"100": {"mean": 0.5, "deviation": 0.1}, "10000": {"mean": 0.9, "deviation": None}}
    tops = [_blue(plots.label_curves({"pixels": points})) for points in (flat, rising, spread)]
    level, up, bar = tops
    assert np.ptp([level[0], level[-1]]) <= 2
    assert up[0] - up[-1] > 200  # rows count downwards
    assert bar[0] < up[0] - 50
    assert up[-1] - 30 <= bar[-1]


def _blue(picture: Image.Image) -> list[int]:
    """The topmost row of the first curve in the left and the right end of it."""
    pixels = np.asarray(picture.convert("RGB")).astype(int)
    rows, columns = np.where((pixels[..., 2] > 120) & (pixels[..., 0] < 80))
    inside = columns < 0.8 * picture.width  # the legend is to the right
    rows, columns = rows[inside], columns[inside]
    left, right = columns.min() + 20, columns.max()
    return [int(rows[columns <= left].min()), int(rows[columns >= right - 20].min())]
