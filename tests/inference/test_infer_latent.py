import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.inference.errors import InferenceError
from pipeline.inference.latent import MAX_SEED, latent

SEEDS = st.lists(st.integers(0, MAX_SEED), max_size=6)


@given(SEEDS, SEEDS, st.integers(0, MAX_SEED), st.sampled_from(["normal", "uniform"]))
@settings(max_examples=50, deadline=None)
def test_a_row_depends_on_its_seed_only(before, after, seed, distribution):
    alone = latent([seed], 9, distribution)[0]
    assert np.array_equal(latent([*before, seed, *after], 9, distribution)[len(before)], alone)


def test_seeds_may_be_an_array_a_range_or_a_list():
    expected = latent([3, 4, 5], 7, "normal")
    assert np.array_equal(latent(range(3, 6), 7, "normal"), expected)
    assert np.array_equal(latent(np.arange(3, 6), 7, "normal"), expected)


@pytest.mark.parametrize(
    ("distribution", "mean", "deviation"), [("normal", 0, 1), ("uniform", 0.5, 1 / np.sqrt(12))]
)
def test_distribution(distribution, mean, deviation):
    z = latent(range(2000), 100, distribution)
    assert z.dtype == np.float32
    assert z.shape == (2000, 100)
    assert abs(z.mean() - mean) < 0.01
    assert abs(z.std() - deviation) < 0.01
    assert (
        abs(np.corrcoef(z[:-1].ravel(), z[1:].ravel())[0, 1]) < 0.01
    )  # neighbouring seeds have nothing in common


def test_uniform_stays_in_0_to_1():
    z = latent(range(500), 100, "uniform")
    assert z.min() >= 0
    assert z.max() < 1


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_a_seed_out_of_range_is_named(seed):
    with pytest.raises(InferenceError, match=rf"seed {seed}: .*0 to {MAX_SEED}"):
        latent([0, seed], 4, "normal")


def test_an_unknown_distribution_is_named():
    with pytest.raises(InferenceError, match="'cauchy': known are normal, uniform"):
        latent([0], 4, "cauchy")


def test_no_seeds_give_no_rows():
    assert latent([], 4, "normal").shape == (0, 4)
