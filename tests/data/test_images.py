"""Image files of every kind become upright uint8 pixels, and fit a square."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.data._torchvision import torchvision
from pipeline.data.images import decode, fit, scaled
from pipeline.errors import UserError


@pytest.mark.parametrize(
    ("mode", "colour", "suffix", "expected"),
    [
        ("1", 1, "png", [255]),
        ("L", 100, "png", [100]),
        ("I;16", 0x80FF, "png", [128]),
        ("I;16", 0x80FF, "tif", [128]),
        ("LA", (100, 255), "png", [100]),
        ("LA", (100, 0), "png", [255]),
        ("RGB", (10, 20, 30), "bmp", [10, 20, 30]),
        ("RGBA", (10, 20, 30, 255), "png", [10, 20, 30]),
        ("RGBA", (10, 20, 30, 0), "webp", [255, 255, 255]),
        ("CMYK", (0, 255, 255, 0), "tif", [255, 0, 0]),
        ("L", 100, "pgm", [100]),
    ],
)
def test_every_mode(tmp_path, mode, colour, suffix, expected):
    path = tmp_path / f"image.{suffix}"
    Image.new(mode, (5, 4), colour).save(path, **({"lossless": True} if suffix == "webp" else {}))
    pixels = decode(path, "it")
    assert pixels.dtype == torch.uint8
    assert pixels.shape == (len(expected), 4, 5)
    assert pixels[:, 0, 0].tolist() == expected


def test_a_palette_with_a_transparent_colour(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 200, 0])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "p.png", transparency=1)
    assert decode(tmp_path / "p.png", "it")[:, 0].T.tolist() == [[200, 0, 0], [255, 255, 255]]


def test_a_photograph_taken_on_its_side_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees, clockwise
    Image.new("RGB", (6, 4)).save(tmp_path / "turned.jpg", exif=exif)
    assert decode(tmp_path / "turned.jpg", "it").shape == (3, 6, 4)


@pytest.mark.filterwarnings("error")  # the one line is all that is said
@pytest.mark.parametrize("keep", [0, 0.01, 0.5, 0.9])
@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "webp"])
def test_a_file_that_is_no_whole_image_is_named(tmp_path, suffix, keep):
    path = tmp_path / f"x.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(UserError, match=r"^cats/x can't be read as an image") as error:
        decode(path, "cats/x")
    assert "\n" not in str(error.value)


def test_floating_point_is_refused(tmp_path):
    Image.new("F", (2, 2), 0.5).save(tmp_path / "f.tif")
    with pytest.raises(UserError, match="8 or 16 bits"):
        decode(tmp_path / "f.tif", "it")


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    size=st.integers(8, 40),
    have=st.sampled_from([1, 3]),
    want=st.sampled_from([1, 3]),
    grey=st.integers(0, 255),
)
def test_fit_keeps_a_grey_surface_as_it_is(height, width, size, have, want, grey):
    images = torch.full((2, have, height, width), grey, dtype=torch.uint8)
    fitted = fit(images, size, want)
    assert fitted.shape == (2, want, size, size)
    assert fitted.dtype == torch.uint8
    assert torch.all(fitted == grey)


def test_fit_takes_the_centre(tmp_path: Path):
    images = torch.zeros(1, 1, 10, 30, dtype=torch.uint8)
    images[..., 10:20] = 200
    assert torch.all(fit(images, 20, 1) == 200)


def test_fit_leaves_the_right_size_alone():
    images = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8, generator=torch.manual_seed(0))
    assert torch.equal(fit(images, 16, 3), images)


def test_fit_turns_colour_into_its_brightness():
    red, green = torch.zeros(2, 1, 3, 8, 8, dtype=torch.uint8)
    red[:, 0] = green[:, 1] = 255
    assert fit(red, 8, 1).unique().tolist() == [76]  # ITU-R 601: 0.299 and 0.587 of 255
    assert fit(green, 8, 1).unique().tolist() == [150]


@given(
    sides=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.integers(8, 40),
    colour=st.booleans(),
    decoded=st.booleans(),
    seed=st.integers(0, 9),
)
def test_pixels_are_torchvisions(sides, size, colour, decoded, seed):
    generator = torch.Generator().manual_seed(seed)
    shape = (1 if decoded else 2, *sides, 3 if colour else 1)
    images = torch.randint(256, shape, generator=generator, dtype=torch.uint8).permute(0, 3, 1, 2)
    images = images if decoded else images.contiguous()  # one image, as `decode` lays it out, or several
    functional, ways = torchvision.transforms.v2.functional, torchvision.transforms.InterpolationMode
    square = functional.center_crop(images, [min(sides)])
    bilinear, bicubic = (
        functional.resize(square, [size, size], way, antialias=True) for way in (ways.BILINEAR, ways.BICUBIC)
    )
    assert torch.equal(fit(images, size, images.shape[1]), bilinear)
    assert torch.equal(scaled(square, size), bicubic)
    if colour:
        grey = functional.rgb_to_grayscale(square.float()).round().to(torch.uint8)
        assert torch.equal(fit(square, square.shape[-1], 1), grey)
