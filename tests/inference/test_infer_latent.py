import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared.noise import LIMB, MAX_SEED, latent, quantiles

SEEDS = st.lists(st.integers(0, MAX_SEED), max_size=6)
COUNT, DIMENSIONS = 20_000, 100


@pytest.fixture(scope="module")
def z():
    return latent(range(COUNT), DIMENSIONS, "normal")


@pytest.fixture(scope="module")
def index():
    """Which entry of the table each z is, [COUNT, DIMENSIONS]."""
    return (latent(range(COUNT), DIMENSIONS, "uniform") * LIMB).astype(np.int64)


def chi_square(counts):
    """Pearson's statistic against equal shares, in standard deviations of its distribution."""
    expected, freedom = counts.sum() / counts.size, counts.size - 1
    return (((counts - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom)


def joint(a, b):
    """How often each pair of a 64-way share of `a` and one of `b` occurs, [4096]."""
    return np.bincount((a >> 6) * 64 + (b >> 6), minlength=4096)


@given(SEEDS, SEEDS, st.integers(0, MAX_SEED), st.sampled_from(["normal", "uniform"]))
@settings(max_examples=50, deadline=None)
def test_a_row_depends_on_its_seed_only(before, after, seed, distribution):
    alone = latent([seed], 9, distribution)[0]
    assert np.array_equal(latent([*before, seed, *after], 9, distribution)[len(before)], alone)
    assert np.array_equal(latent([seed], 5, distribution)[0], alone[:5])


def test_seeds_may_be_an_array_a_range_or_a_list():
    expected = latent([3, 4, 5], 7, "normal")
    assert np.array_equal(latent(range(3, 6), 7, "normal"), expected)
    assert np.array_equal(latent(np.arange(3, 6), 7, "normal"), expected)


def test_the_bits_are_the_same_everywhere_and_for_good():
    # Pictures that people refer to by their seed, and the tables inside exported files, rest on these.
    table = quantiles("normal").tobytes()
    assert hashlib.sha256(table).hexdigest()[:16] == "6b47c2782a4c85c8"
    seeds = [0, 1, 4095, 4096, MAX_SEED]
    assert (latent(seeds, 3, "uniform") * LIMB).astype(int).tolist() == [
        [2002, 2132, 3730],
        [3356, 1548, 2215],
        [3845, 1304, 3675],
        [1514, 1676, 2171],
        [1426, 964, 1107],
    ]


def test_moments(z):
    assert z.dtype == np.float32
    assert z.shape == (COUNT, DIMENSIONS)
    error = 1 / np.sqrt(z.size)  # of the mean of two million; the others' are multiples of it
    assert abs(z.mean()) < 4 * error
    assert abs(z.std() - 1) < 4 * error
    assert abs((z**3).mean()) < 4 * np.sqrt(15) * error
    assert abs((z**4).mean() - 3) < 4 * np.sqrt(96) * error
    u = latent(range(2000), DIMENSIONS, "uniform")
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 4 / np.sqrt(12 * u.size)


def test_each_dimension_is_normal_by_kolmogorov_and_smirnov(z):
    p_values = [stats.kstest(column, "norm").pvalue for column in z.T]
    assert min(p_values) > 0.01 / DIMENSIONS
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_every_entry_of_the_table_is_as_likely(index):
    scores = [chi_square(np.bincount(column, minlength=LIMB)) for column in index.T]
    assert np.abs(scores).max() < 5
    assert abs(np.mean(scores)) < 4 / np.sqrt(DIMENSIONS)


def test_a_dimension_takes_every_value_equally_often_over_all_seeds():
    counts = np.zeros(LIMB, np.int64)
    for start in range(0, MAX_SEED + 1, 2**20):
        u = latent(np.arange(start, start + 2**20), 1, "uniform")[:, 0]
        counts += np.bincount((u * LIMB).astype(np.int64), minlength=LIMB)
    assert set(counts) == {LIMB}


def test_dimensions_are_independent(z, index):
    for values in (z, z**2):
        correlations = np.corrcoef(values.T)[np.triu_indices(DIMENSIONS, 1)]
        assert np.abs(correlations).max() < 5.5 / np.sqrt(COUNT)
        assert correlations.std() == pytest.approx(1 / np.sqrt(COUNT), rel=0.1)
    scores = [chi_square(joint(index[:, d], index[:, d + 1])) for d in range(DIMENSIONS - 1)]
    assert np.abs(scores).max() < 5
    differences = [chi_square(np.bincount((index[:, d] - index[:, d + 1]) % LIMB)) for d in range(99)]
    assert np.abs(differences).max() < 5


@pytest.mark.parametrize("lag", [1, 2, 10, 64, 4096])
def test_neighbouring_seeds_are_independent(z, index, lag):
    products = (z[lag:] * z[:-lag]).mean(axis=0)
    assert np.abs(products).max() < 4.5 / np.sqrt(COUNT - lag)
    scores = [chi_square(joint(index[lag:, d], index[:-lag, d])) for d in range(0, DIMENSIONS, 5)]
    assert np.abs(scores).max() < 5


def test_seeds_have_no_direction_in_common(z):
    rows = z[:2000].astype(np.float64)
    correlations = np.corrcoef(rows)[np.triu_indices(len(rows), 1)]
    assert np.abs(correlations).max() < 0.6  # 5.4 standard deviations is the largest of two million
    assert correlations.std() == pytest.approx(1 / np.sqrt(DIMENSIONS), rel=0.02)


def test_no_two_of_the_first_100_000_seeds_are_alike():
    few = (latent(range(100_000), 5, "uniform") * LIMB).astype(np.int64)
    packed = few @ LIMB ** np.arange(5)  # 60 bits
    assert len(np.unique(packed)) == len(packed)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 2**70])
def test_a_seed_out_of_range_is_named(seed):
    with pytest.raises(InferenceError, match=rf"seed {seed}: .*0 to {MAX_SEED}"):
        latent([0, seed], 4, "normal")


def test_a_seed_that_is_no_whole_number_is_refused():
    with pytest.raises(InferenceError, match="seeds are float64: a seed is a whole number"):
        latent([0, 0.5], 4, "normal")


def test_an_unknown_distribution_is_named():
    with pytest.raises(InferenceError, match="'cauchy': known are normal, uniform"):
        latent([0], 4, "cauchy")


def test_no_seeds_give_no_rows():
    assert latent([], 4, "normal").shape == (0, 4)
