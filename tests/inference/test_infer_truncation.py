"""--truncation: the same seeds, without the extremes."""

import os

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from pipeline.inference import Generator, Network
from pipeline.inference.contract.inputs import NOTHING, Given
from pipeline.inference.contract.truncation import truncated
from pipeline.kinds.shared.noise import latent


def rows(path, seeds, threshold):
    return truncated(Network(path).description, NOTHING, seeds, threshold).rows["z"]


@pytest.mark.parametrize("threshold", [0.1, 0.7, 2.0])
def test_numbers_are_those_of_a_truncated_normal(conditional, threshold):
    z = rows(conditional, range(5000), threshold)
    assert (z.dtype, np.abs(z).max() <= threshold) == (np.float32, True)
    assert stats.kstest(z.ravel(), stats.truncnorm(-threshold, threshold).cdf).statistic < 0.01


def test_a_seed_keeps_the_order_of_its_numbers(conditional):
    z, plain = rows(conditional, [3], 0.5)[0], latent([3], 6, "normal")[0]
    assert np.array_equal(np.argsort(z), np.argsort(plain))
    np.testing.assert_allclose(rows(conditional, [3], 30.0)[0], plain, atol=1e-6)
    assert np.array_equal(rows(conditional, [1, 2, 3], 0.5)[2], z)


def test_the_columns_are_those_that_the_latent_has_in_its_file(make_network):
    """In this file another input comes first."""
    about = Network(make_network("styles")).description
    z = truncated(about, Given({"style": np.zeros((1, 4), np.float32)}), [5], 30.0).rows["z"]
    np.testing.assert_allclose(z, latent([5], 6, "normal", first=2), atol=1e-6)


def test_a_sheet_is_made_of_truncated_latents(gan_infer, conditional):
    gan_infer(conditional, "--truncation", 0.3, "--digit", 4, "--count", 3, "--seed", 8, "--out", "x.png")
    generator = Generator(conditional)
    images = generator.pixels(generator.run(rows(conditional, [8, 9, 10], 0.3), [4, 4, 4]))
    assert np.array_equal(np.asarray(Image.open("x.png")), np.concatenate(list(images[..., 0]), axis=1))


LINES = {
    "uniform": (["PLAIN"], "--truncation: z is uniform, so it has no extremes; leave it out"),
    "none": (["NUMBERS"], "--truncation: no latent is drawn; encoder (encoder) takes image"),
    "given": (["MODEL", "--field", "z=0,0,0,0,0,0"], "--truncation: no latent is drawn"),
}


@pytest.mark.parametrize(("arguments", "told"), LINES.values(), ids=LINES.keys())
def test_what_can_not_be_truncated_is_one_line(
    gan_infer, conditional, unconditional, make_network, picture, arguments, told
):
    paths = {"MODEL": conditional, "PLAIN": unconditional, "NUMBERS": make_network("encoder")}
    more = ["--image", picture] if arguments == ["NUMBERS"] else []
    code, out, lines = gan_infer(*[paths.get(each, each) for each in arguments], "--truncation", 0.7, *more)
    assert (code, out, len(lines), os.listdir()) == (2, b"", 1, [])
    assert told in lines[0]


@pytest.mark.parametrize("threshold", [0, -1, "nan", "inf"])
def test_a_threshold_is_above_0(gan_infer, conditional, threshold):
    code, _, lines = gan_infer(conditional, "--digit", 1, f"--truncation={threshold}")
    assert (code, len(lines), os.listdir()) == (2, 1, [])
    assert "say a number above 0, such as 0.7" in lines[0]
