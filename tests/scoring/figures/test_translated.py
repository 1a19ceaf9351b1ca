"""Figures of pairs: translations beside what should have come out, and beside doing nothing."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.scoring.candidates import Candidate, Images
from pipeline.scoring.figures import colours, label_restored, pixel_error, psnr, ssim
from pipeline.scoring.translations import Translated, untouched

RANDOM = np.random.default_rng(0)


def of(images: np.ndarray) -> Images:
    return Images(images.astype(np.uint8), None)


def measured(module: Any, made: np.ndarray, truth: np.ndarray, source: np.ndarray) -> dict[str, Any]:
    """The one figure of a file; empty where it has none."""
    found = Translated(of(source), of(made), of(truth), untouched(of(source), of(truth)))
    figures = module.measure({"translated": found, "seed": 0})
    return next(iter(figures.values()), {})


def flat(value: float, count: int = 6, channels: int = 1, size: int = 16) -> np.ndarray:
    return np.full((count, channels, size, size), value)


def test_l1_is_the_mean_difference_of_a_pixel() -> None:
    truth = flat(100)
    made = truth.copy()
    made[:, :, :8] += 51  # a fifth of white in half of the pixels
    figure = measured(pixel_error, made, truth, flat(0))
    assert figure["value"] == pytest.approx(0.1)
    assert figure["noise"] == pytest.approx(100 / 255)


def test_psnr_is_the_mean_of_decibels_and_bounded() -> None:
    truth = flat(100, count=2)
    made = truth.copy()
    made[1] += 51  # 20 log10(255 / 51)
    most = 20 * np.log10(2 * 255)
    assert measured(psnr, made, truth, flat(0, 2))["value"] == pytest.approx((most + 13.9794) / 2, abs=1e-3)


def test_ssim_follows_the_formula_where_nothing_varies_and_is_one_for_the_same() -> None:
    figure = measured(ssim, flat(51), flat(102), flat(102))
    assert figure["value"] == pytest.approx((2 * 0.2 * 0.4 + 1e-4) / (0.2**2 + 0.4**2 + 1e-4))
    assert figure["noise"] == pytest.approx(1)
    assert measured(ssim, flat(51, size=10), flat(102, size=10), flat(102, size=10)) == {}


def test_ssim_is_the_formula_on_the_one_window_that_fits() -> None:
    """Wang et al. 2004, eq. (13), with the window written out."""
    x, y = RANDOM.integers(0, 256, (2, 1, 1, 11, 11)) / 255
    bell = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(bell, bell) / bell.sum() ** 2
    mean_x, mean_y = (window * x).sum(), (window * y).sum()
    variance_x, variance_y = ((window * (z - m) ** 2).sum() for z, m in ((x, mean_x), (y, mean_y)))
    covariance = (window * (x - mean_x) * (y - mean_y)).sum()
    expected = (2 * mean_x * mean_y + 0.01**2) * (2 * covariance + 0.03**2)
    expected /= (mean_x**2 + mean_y**2 + 0.01**2) * (variance_x + variance_y + 0.03**2)
    assert ssim.ssim(np.rint(x * 255), np.rint(y * 255))[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((10, 20, 5), (5.20, -5.92, 5.63)),  # on the straight part of the curve
    ],
)
def test_lab_has_the_published_values(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    found = colours.lab(np.array(rgb, np.uint8).reshape(3, 1, 1)).ravel()
    assert found == pytest.approx(lab, abs=0.03)


def test_colour_match_is_the_share_that_two_histograms_have_in_common() -> None:
    red, blue = flat(0, channels=3), flat(0, channels=3)
    red[:, 0], blue[:, 2] = 255, 255
    half = red.copy()
    half[:3] = blue[:3]
    # of blue and red the a channels share a bin (79 and 80 do not, by its edge), the b channels none
    assert measured(colours, red, red, flat(0))["value"] == pytest.approx(1)
    assert measured(colours, half, red, flat(0))["value"] == pytest.approx(0.5)
    assert measured(colours, red, red, flat(128))["noise"] == 0  # grey
    assert measured(colours, flat(3), flat(3), flat(3)) == {}


def test_doing_nothing_is_the_input_where_it_can_be_and_else_the_mean_image() -> None:
    grey, colour = flat(7), flat(9, channels=3)
    assert np.array_equal(untouched(of(grey), of(colour)).images, flat(7, channels=3))
    assert np.array_equal(untouched(of(colour), of(colour)).images, colour)
    two = np.concatenate([flat(10, 3), flat(21, 3)])
    assert np.array_equal(untouched(of(colour), of(two)).images, flat(16))


def test_doing_nothing_with_a_small_image_is_bicubic_interpolation() -> None:
    small, large = np.zeros((2, 1, 4, 4)), flat(0, 2)
    small[:, :, 1] = 255  # the second row
    # Keys 1981, eq. (4), at the middle of each pixel
    distance = np.abs((np.arange(16) + 0.5) / 4 - 1.5)
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    column = np.where(distance <= 1, near, np.where(distance < 2, far, 0))
    found = untouched(of(small), of(large)).images
    inner = slice(6, 12)  # away from the border, which has fewer neighbours
    expected = np.clip(np.rint(255 * column), 0, 255)[None, None, inner, None]
    np.testing.assert_allclose(
        found[:, :, inner], np.broadcast_to(expected, found[:, :, inner].shape), atol=1
    )


def test_a_label_is_restored_where_the_judge_reads_it_off_the_output() -> None:
    labels = np.tile([0, 1], 50)

    def seen(read: np.ndarray) -> Candidate:
        return Candidate(np.zeros((100, 1, 1, 1), np.uint8), labels, np.zeros((100, 1)), np.eye(2)[read])

    wrong = labels.copy()
    wrong[:20:2] = 1  # a fifth of the zeros
    judge = SimpleNamespace(
        features_and_logits=lambda images: (images[:, 0, 0], np.eye(2)[np.zeros(100, int)])
    )
    plain = Images(np.zeros((100, 1, 1, 1), np.uint8), labels)
    found = Translated(plain, seen(wrong), plain, plain)
    evidence = {"translated": found, "floor": seen(labels), "test": seen(labels), "floor_part": "aside"}
    figure = label_restored.measure(evidence | {"judges": {"one": judge}, "classes": ["0", "1"], "seed": 0})
    assert figure["label_restored"]["value"] == pytest.approx(0.9)
    assert figure["label_restored"]["real"] == 1
    assert figure["label_restored"]["noise"] == pytest.approx(0.5)
