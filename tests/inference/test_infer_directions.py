"""The mathematics of steps: least squares within classes, steps that leave the others, ranks."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from pipeline.inference.contract import attributes, directions
from pipeline.inference.contract.factors import factors
from pipeline.inference.contract.graph import first_weights
from pipeline.inference.errors import InferenceError

FLAGSHIP = Path(__file__).parents[2] / "exported/cdcgan.onnx"
ROWS, Z_DIM = 4000, 8
RANDOM = np.random.default_rng(0)
Z = RANDOM.normal(size=(ROWS, Z_DIM))
TRUE = RANDOM.normal(size=(2, Z_DIM))


def test_slopes_are_those_of_the_values():
    values = Z @ TRUE.T + RANDOM.normal(size=(ROWS, 2)) + 7
    found = directions.slopes(Z, values, np.zeros(ROWS, np.int64))
    np.testing.assert_allclose(found, TRUE, atol=0.06)


def test_what_tells_classes_apart_stays_out():
    classes = np.arange(ROWS) % 3
    shifted = Z + classes[:, None]  # the class shows in z
    values = shifted @ TRUE.T + 50 * classes[:, None]
    np.testing.assert_allclose(directions.slopes(shifted, values, classes), TRUE, atol=0.01)


def test_few_samples_give_nearly_the_mean_difference():
    z = RANDOM.normal(size=(40, 100))
    values = (z @ np.eye(100, 1) > 0).astype(float)
    difference = z[values[:, 0] > 0].mean(0) - z[values[:, 0] == 0].mean(0)
    (found,) = directions.slopes(z, values, np.zeros(40, np.int64))
    assert found @ difference > 0.9 * np.linalg.norm(found) * np.linalg.norm(difference)


def test_a_unit_step_adds_one_to_its_own_value_alone():
    steps = directions.unit_steps(TRUE)
    np.testing.assert_allclose(steps @ TRUE.T, np.eye(2), atol=1e-12)
    sideways = RANDOM.normal(size=Z_DIM)
    sideways -= np.linalg.pinv(TRUE) @ (TRUE @ sideways)  # changes neither value
    assert np.linalg.norm(steps[0] + sideways) > np.linalg.norm(steps[0])  # the shortest


@given(arrays.arrays(np.float64, (3, 6), elements=st.integers(0, 4).map(float)))
@settings(max_examples=50, deadline=None)
def test_spearman_is_scipys(values):
    expected = [stats.spearmanr(np.arange(6), row).statistic if len(set(row)) > 1 else 0.0 for row in values]
    np.testing.assert_allclose(directions.spearman(values), expected, atol=1e-12)


def test_spearman_of_what_can_not_be_measured_is_0():
    found = directions.spearman(np.array([[1, 2, np.nan], [1, 2, 3]]))
    assert found.tolist() == pytest.approx([0, 1])


def test_samples_that_can_not_be_measured_do_not_count():
    values = Z @ TRUE.T
    whole = attributes.fitted(["a", "b"], Z[100:], values[100:], np.zeros(ROWS - 100))
    values[:100, 0] = np.nan
    found = attributes.fitted(["a", "b"], Z, values, np.zeros(ROWS))
    assert found[1].mean == whole[1].mean
    assert np.array_equal([each.step for each in found], [each.step for each in whole])
    for each, true in zip(found, TRUE, strict=True):
        assert each.deviation == pytest.approx(np.linalg.norm(true), rel=0.05)
        assert each.step @ true == pytest.approx(each.deviation, rel=0.01)


# The first layers, read from the file


def test_first_weights_of_a_gemm_are_those_in_the_file(conditional):
    random = np.random.default_rng(0)  # as in conftest.py
    expected = random.normal(0, 0.4, (6, 20)).astype(np.float32).T
    (found,) = first_weights(conditional, "z", 6)
    assert np.array_equal(found, expected)


def test_first_weights_of_the_flagship_are_those_of_all_modulated_layers():
    found = first_weights(FLAGSHIP, "z", 100)
    assert [weight.shape for weight in found] == [(rows, 100) for rows in (6272, 128, 128, 64, 64, 32, 32)]
    weights = {each.name: each for each in onnx.load(FLAGSHIP).graph.initializer}
    assert np.array_equal(found[2], onnx.numpy_helper.to_array(weights["t012"]))


def test_first_weights_of_a_part_of_what_is_joined(make_network):
    path = make_network("infogan")
    (joined,) = first_weights(path, "z", 6)
    (code,) = first_weights(path, "code", 2)
    assert (joined.shape, code.shape) == ((64, 6), (64, 2))
    both = np.random.default_rng((8, 64)).normal(0, 0.5, (8, 64)).astype(np.float32).T
    assert np.array_equal(np.concatenate([joined, code], axis=1), both)


def test_first_weights_in_the_middle_can_not_be_told(make_network):
    with pytest.raises(InferenceError, match="z is in the middle of what is joined"):
        first_weights(make_network("styles"), "z", 6)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows"), [("cdcgan", 7), ("cogan-mnist", 1), ("deligan-mnist", 1)])
def test_first_weights_of_a_preset_are_found(exported, name, rows):
    """Modulated layers, a transposed convolution of one pixel, a mixture."""
    from pipeline.inference import Generator

    path = exported(name) / "exported" / f"{name}.onnx"
    about = Generator(path).description
    found = first_weights(path, about.noise, about.z_dim)
    assert [weight.shape[1] for weight in found] == [about.z_dim] * rows


def test_factors_are_the_right_singular_vectors(conditional):
    (weight,) = first_weights(conditional, "z", 6)
    found = factors(conditional, "z", 6)
    expected = np.linalg.svd(weight)[2]
    np.testing.assert_allclose(np.abs((found * expected).sum(1)), 1, atol=1e-9)
    assert (np.abs(found).max(1) == found.max(1)).all()


def test_a_damaged_file_is_one_line(tmp_path):
    path = tmp_path / "x.onnx"
    path.write_bytes(b"\x3a\x7f\x08")
    with pytest.raises(InferenceError, match="its weights can't be read"):
        first_weights(path, "z", 6)
