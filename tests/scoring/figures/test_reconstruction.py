"""Reconstruction and the bound against written-out values."""

import numpy as np
import pytest

from pipeline.scoring.candidates import Images
from pipeline.scoring.figures.reconstruction import measure, negative_elbo
from pipeline.scoring.parts import Posterior


def grey(levels: np.ndarray) -> Images:
    """Images of one pixel."""
    return Images(levels.astype(np.uint8).reshape(-1, 1, 1, 1), None)


def test_the_error_is_that_of_the_mean_code() -> None:
    images = grey(np.array([0, 255, 255, 0]))
    half = Posterior(images, np.zeros((4, 2)), np.zeros((4, 2)), lambda z: np.zeros((len(z), 1, 1, 1)), None)
    training = grey(np.array([51] * 5))
    found = measure({"posterior": half, "training": training, "seed": 0})
    assert list(found) == ["reconstruction"]  # no bound without a likelihood
    assert found["reconstruction"]["value"] == pytest.approx(0.25)
    assert found["reconstruction"]["noise"] == pytest.approx((0.2**2 + 0.8**2) / 2)


def test_the_bound_is_cost_of_pixels_plus_that_of_the_code() -> None:
    """At q = N(m, s^2) the code costs (m^2 + s^2 - 1) / 2 - log s, whatever the pixels do."""
    mean, log_variance = np.array([[1.0], [0.0]]), np.log(np.array([[0.25], [4.0]]))
    images = grey(np.array([255, 0]))
    found = Posterior(images, mean, log_variance, lambda z: np.full((len(z), 1, 1, 1), 0.6), "bernoulli")
    white = images.images / 255
    expected = [-np.log(0.8) + (1 + 0.25 - 1) / 2 - np.log(0.5), -np.log(0.2) + (4 - 1) / 2 - np.log(2)]
    np.testing.assert_allclose(negative_elbo(found, white, 0), expected, rtol=1e-6)


def test_codes_are_drawn_with_the_deviation_that_the_encoder_says() -> None:
    drawn = []
    count, images = 4000, grey(np.zeros(4000))
    mean, log_variance = np.full((count, 1), 2.0), np.full((count, 1), np.log(9.0))
    decode = lambda z: drawn.append(z) or np.zeros((len(z), 1, 1, 1))  # noqa: E731
    negative_elbo(Posterior(images, mean, log_variance, decode, "bernoulli"), images.images / 255, 0)
    assert drawn[0].mean() == pytest.approx(2, abs=0.2)
    assert drawn[0].std() == pytest.approx(3, abs=0.15)
