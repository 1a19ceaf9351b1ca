"""FID against closed forms and against the usual matrix root."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import ortho_group

from pipeline.scoring.figures.fid import fid


def normal(seed: int, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns))


def textbook_fid(a: np.ndarray, b: np.ndarray) -> float:
    """The formula as the paper writes it; good only where both covariances are regular."""
    difference = a.mean(0) - b.mean(0)
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(covariance_a @ covariance_b).real
    return float(difference @ difference + np.trace(covariance_a + covariance_b - 2 * root))


def test_agrees_with_the_matrix_root() -> None:
    a, b = normal(0, 400, 12) @ normal(1, 12, 12), normal(2, 300, 12) * 2 + 0.5
    assert fid(a, b) == pytest.approx(textbook_fid(a, b), rel=1e-9)


@given(shift=st.floats(-5, 5), factor=st.floats(0, 4))
def test_one_dimension_has_a_closed_form(shift: float, factor: float) -> None:
    a = normal(3, 50, 1)
    expected = (a.mean() - (factor * a.mean() + shift)) ** 2 + (1 - factor) ** 2 * a.var(ddof=1)
    assert fid(a, factor * a + shift) == pytest.approx(expected, abs=1e-9)


@given(factor=st.floats(0, 3))
def test_scaling_has_a_closed_form_with_fewer_samples_than_features(factor: float) -> None:
    a = normal(4, 10, 64)
    expected = (1 - factor) ** 2 * ((a.mean(0) ** 2).sum() + a.var(axis=0, ddof=1).sum())
    assert fid(a, factor * a) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), rows=st.integers(2, 30))
def test_is_symmetric_and_turns_with_the_features(seed: int, rows: int) -> None:
    a, b = normal(seed, rows, 8), normal(seed + 1, 20, 8) + 1
    turn = ortho_group.rvs(8, random_state=seed)
    assert fid(a, b) == pytest.approx(fid(b, a), rel=1e-8)
    assert fid(a @ turn, b @ turn) == pytest.approx(fid(a, b), rel=1e-8)


def test_of_a_set_and_itself_is_zero() -> None:
    a = normal(5, 6, 128).astype(np.float32)
    assert 0 <= fid(a, a) < 1e-9
