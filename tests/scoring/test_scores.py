"""Each fault of a generator is caught by the figure meant for it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.scoring.figure import rounded
from tests.scoring.conftest import DIGITS

Figures = dict[str, dict[str, Any]]
ScoreOf = Callable[..., Figures]


@pytest.fixture(scope="module")
def good(score_of: ScoreOf, bank: np.ndarray) -> Figures:
    """The figures of a generator that shows a thousand different real images, each as its class."""
    return score_of(bank)


@pytest.fixture(scope="module")
def constant(score_of: ScoreOf, bank: np.ndarray) -> Figures:
    """The figures of one that ignores the noise."""
    return score_of(bank[:, :1])


@pytest.fixture(scope="module")
def mixed(score_of: ScoreOf, bank: np.ndarray) -> Figures:
    """The figures of one that ignores the label."""
    return score_of(np.stack([bank[:, index::10].reshape(-1, *bank.shape[2:]) for index in range(10)]))


@pytest.fixture(scope="module")
def unconditional(score_of: ScoreOf, bank: np.ndarray) -> Figures:
    """The figures of one that takes no label, and never shows the last two classes."""
    return score_of(bank[:8], classes=[])


@pytest.mark.slow
def test_real_images_score_as_real_ones_do(good: Figures) -> None:
    fid = good["judge_fid"]
    assert fid["low"] < fid["value"] < fid["high"]
    assert fid["value"] < 2 * fid["real"] < fid["noise"] / 10
    accuracy = good["label_accuracy"]
    assert 0.95 < accuracy["low"] < accuracy["value"] <= accuracy["high"]
    for name in ("diversity", "label_use", "recall", "coverage", "precision"):
        assert good[name]["value"] == pytest.approx(good[name]["real"], abs=0.15), name


@pytest.mark.slow
def test_noise_scores_badly(good: Figures) -> None:
    for name in ("precision", "recall", "coverage", "label_accuracy", "label_use", "train_on_generated"):
        assert good[name]["noise"] < good[name]["real"] / 2, name
    for name in ("judge_fid", "dense_fid", "texture_fid", "judge_kid", "patch_distance"):
        assert good[name]["noise"] > 10 * good[name]["real"], name


@pytest.mark.slow
def test_a_generator_that_ignores_noise(constant: Figures) -> None:
    assert constant["label_use"]["value"] == pytest.approx(1, abs=1e-4)
    assert constant["diversity"]["value"] == pytest.approx(0, abs=1e-4)
    assert constant["exact_duplicates"]["value"] == pytest.approx(
        1 - 10 / 600, abs=1e-3
    )  # ten images, 600 times
    assert constant["near_duplicates"]["value"] == 1
    assert constant["recall"]["value"] < 0.2 < constant["recall"]["real"]
    assert constant["judge_fid"]["value"] > 3 * constant["judge_fid"]["real"]
    assert constant["label_accuracy"]["value"] > 0.8  # which alone would look fine


@pytest.mark.slow
def test_a_generator_that_ignores_labels(mixed: Figures) -> None:
    assert mixed["label_accuracy"]["value"] < 0.2 < 0.9 < mixed["label_accuracy"]["real"]
    assert mixed["label_use"]["value"] < 0.1 < 0.5 < mixed["label_use"]["real"]
    assert mixed["train_on_generated"]["value"] < 0.5 < 0.8 < mixed["train_on_generated"]["real"]
    assert mixed["judge_fid"]["value"] < 2 * mixed["judge_fid"]["real"]  # which alone would look fine


@pytest.mark.slow
def test_a_generator_that_copies_the_training_set(good: Figures) -> None:
    for name in ("memorised_in_judge_space", "memorised_in_pixels"):
        assert good[name]["value"] == good[name]["low"] == 1
        assert good[name]["real"] < 0.1


@pytest.mark.slow
def test_a_generator_that_drops_a_class(score_of: ScoreOf, bank: np.ndarray) -> None:
    dropped = bank.copy()
    dropped[3] = bank[5]
    per_class = score_of(dropped)["label_accuracy"]["per_class"]
    assert per_class["3"] < 0.2
    assert min(share for name, share in per_class.items() if name != "3") > 0.8


@pytest.mark.slow
def test_an_unconditional_generator_that_drops_classes(unconditional: Figures) -> None:
    balance = unconditional["class_imbalance"]
    assert balance["value"] == pytest.approx(0.2, abs=0.06)
    assert balance["real"] < 0.1
    assert balance["per_class"]["8"] + balance["per_class"]["9"] < 0.05
    assert not {"label_accuracy", "label_use", "train_on_generated"} & set(unconditional)


@pytest.mark.slow
def test_every_figure_has_its_floor_and_ceiling(good: Figures) -> None:
    for name, figure in good.items():
        assert {"value", "real", "noise"} <= set(figure), name


@pytest.mark.slow
def test_every_class_is_named(good: Figures) -> None:
    for name in ("label_accuracy", "class_imbalance", "diversity"):
        assert list(good[name]["per_class"]) == DIGITS


@pytest.mark.slow
def test_rounding_keeps_counts_and_hides_what_is_not_a_number() -> None:
    value = {"a": 1.23456789, "b": {"c": float("nan"), "d": 123456}, "e": [1, 2]}
    assert rounded(value) == {"a": 1.2346, "b": {"c": None, "d": 123456}, "e": [1, 2]}
