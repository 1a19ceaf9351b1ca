"""Slant, thickness and width of drawn shapes whose values are known."""

import numpy as np
import pytest

from pipeline.inference.contract import measures
from pipeline.inference.errors import InferenceError

SIZE = 32


def bar(wide: int, high: int, lean: int = 0) -> np.ndarray:
    """A bar [1, SIZE, SIZE] of ink, each row `lean` pixels further to the right than the one below."""
    ink = np.zeros((1, SIZE, SIZE))
    for row in range(high):
        left = (SIZE - wide) // 2 + lean * (high // 2 - row)
        ink[0, (SIZE - high) // 2 + row, left : left + wide] = 1
    return ink


def disc(radius: float) -> np.ndarray:
    """A disc [1, SIZE, SIZE] with soft edges."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    return np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)[None]


@pytest.mark.parametrize(("lean", "degrees"), [(0, 0.0), (1, 45.0), (-1, -45.0)])
def test_slant_is_the_angle_of_the_strokes(lean, degrees):
    np.testing.assert_allclose(measures.slant(bar(3, 11, lean)), [degrees], atol=1e-9)


def test_slant_grows_with_leaning():
    shift = np.arange(SIZE)[:, None] - SIZE / 2
    x = np.arange(SIZE) - SIZE / 2
    tangents = np.linspace(-0.5, 0.5, 9)
    leaning = np.stack([np.clip(2 - np.abs(x + tangent * shift), 0, 1) for tangent in tangents])
    np.testing.assert_allclose(measures.slant(leaning), np.degrees(np.arctan(tangents)), atol=1)


@pytest.mark.parametrize(("wide", "high"), [(1, 20), (2, 20), (5, 20), (9, 4), (SIZE, 6)])
def test_thickness_is_twice_the_area_over_the_outline(wide, high):
    outline = 2 * (wide + high) - 4 + 4 * np.sqrt(0.5)  # each corner of four pixels is cut
    np.testing.assert_allclose(measures.thickness(bar(wide, high)), [2 * wide * high / outline])


def test_thickness_of_a_disc_is_its_radius():
    for radius in (4, 7, 12):
        assert measures.thickness(disc(radius))[0] == pytest.approx(radius, rel=0.03)


def test_faint_ink_and_soft_edges_are_no_thinner():
    ink = disc(9)
    soft = (ink + np.roll(ink, 1, 1) + np.roll(ink, -1, 1)) / 3
    np.testing.assert_allclose(measures.thickness(ink / 3), measures.thickness(ink))
    np.testing.assert_allclose(measures.thickness(soft), measures.thickness(ink), rtol=0.02)


@pytest.mark.parametrize("lean", [-1, 0, 1])
@pytest.mark.parametrize("wide", [1, 3, 8])
def test_width_is_that_of_the_upright_drawing(wide, lean):
    np.testing.assert_allclose(measures.width(bar(wide, 15, lean)), [wide])


def test_a_single_row_has_a_width_and_no_slant():
    row = bar(7, 1)
    assert (measures.width(row), measures.slant(row)) == (pytest.approx([7]), [0])


@pytest.mark.parametrize("name", measures.ATTRIBUTES)
def test_where_the_drawing_lies_does_not_matter(name):
    ink = disc(5) + bar(3, 17, 1)
    measure = measures.ATTRIBUTES[name].measure
    np.testing.assert_allclose(measure(np.roll(ink, (3, -2), (1, 2))), measure(ink))


def test_black_on_white_and_coloured_drawings_measure_the_same():
    white_on_black = np.rint(255 * disc(6)).astype(np.uint8)[..., None]
    found = []
    blue = np.concatenate([np.zeros_like(white_on_black).repeat(2, 3), white_on_black], axis=3)
    for pixels in (white_on_black, 255 - white_on_black, blue):
        found.append(measures.measured(pixels, measures.background(pixels)))
    np.testing.assert_allclose(found[1:], [found[0]] * 2)


def test_a_blank_picture_has_no_values():
    pixels = np.zeros((2, SIZE, SIZE, 1), np.uint8)
    pixels[0, 3, 3] = 1  # no ink that anyone sees
    pixels[1, 8:20, 8:20] = 255
    values = measures.measured(pixels, np.zeros(1))
    assert np.isnan(values[0]).all()
    assert np.isfinite(values[1]).all()


def test_photographs_are_no_drawings():
    pixels = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3), np.uint8)
    with pytest.raises(InferenceError, match="slant, thickness, width are of drawings on an even background"):
        measures.background(pixels)
