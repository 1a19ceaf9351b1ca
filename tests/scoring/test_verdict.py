"""What is said of a generator in a few words."""

from typing import Any

import pytest

from pipeline.scoring.verdict import verdict, warnings


def scores(**changed: Any) -> dict[str, Any]:
    """Figures of a generator without fault, but for what is changed."""
    judge = {"accuracy": 0.99, "task": "classes"}
    none = {"value": 0.01, "low": 0.008, "high": 0.012, "real": 0.01, "real_low": 0.008, "real_high": 0.012}
    plain = {
        "protocol": {"judges": {"convolutional": judge}, "samples": 10_000},
        "two_sample": {"value": 0.51},
        "two_sample_half": {"value": 0.5},
        "recall": {"value": 0.88, "real": 0.89},
        "coverage": {"value": 0.94, "real": 0.95},
        "label_accuracy": {
            "value": 0.994,
            "real": 0.995,
            "per_class": {"cat": 1.0, "dog": 0.988},
            "real_per_class": {"cat": 0.99, "dog": 1.0},
        },
        "memorised_in_pixels": none,
        "memorised_in_judge_space": none,
    }
    return plain | changed


def test_without_fault() -> None:
    said = verdict(scores())
    assert said.startswith("The pictures can't be told from real ones")
    assert "nearly all of the real variety (99%" in said
    assert "Labels are right as often as in real images (99.40%)." in said
    assert "copies" not in said
    assert warnings(scores()) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"two_sample": {"value": 0.99}, "two_sample_half": {"value": 0.93}}, "give themselves away"),
        ({"two_sample": {"value": 0.99}, "two_sample_half": {"value": 0.6}}, "fine texture is not: a fresh"),
        ({"two_sample": {"value": 0.99}, "two_sample_half": {"value": 0.73}}, "right in part, fine texture"),
        ({"two_sample": {"value": 0.65}}, "hard to tell from real ones"),
        ({"recall": {"value": 0.4, "real": 0.8}}, "only a part of the real variety (50%"),
        (
            {"memorised_in_pixels": {"value": 0.2, "low": 0.18, "real": 0.01, "real_high": 0.012}},
            "20.0% are near copies of training images (of unseen real ones 1.0%)",
        ),
    ],
)
def test_each_fault_is_said(changed: dict[str, Any], words: str) -> None:
    assert words in verdict(scores(**changed))


def test_a_weak_judge_does_not_speak_of_variety() -> None:
    judges = {"convolutional": {"accuracy": 0.66, "task": "classes"}}
    said = verdict(scores(protocol={"judges": judges, "samples": 10_000}))
    assert "the real variety they reach, convolutional is too weak a judge to say" in said
    assert "(99%" not in said


def test_wrong_labels_are_said_with_the_worst_class() -> None:
    figure = {"value": 0.8, "real": 0.99, "per_class": {"cat": 0.95, "dog": 0.65}}
    said = verdict(scores(label_accuracy=figure))
    assert "Labels are right in 80.0% (real images: 99.0%; worst: dog, 65%)." in said


def test_a_weak_judge_is_warned_of_first() -> None:
    weak = {"judges": {"convolutional": {"accuracy": 0.57, "task": "classes"}}, "samples": 10_000}
    (said,) = warnings(scores(protocol=weak))
    assert said.startswith(
        "weak judge: convolutional tells 57% of the classes right; trust the patch distance"
    )


def test_classes_that_cannot_be_judged_are_named() -> None:
    figure = scores()["label_accuracy"] | {"real_per_class": {"cat": 0.6, "dog": None}}
    known_badly, unknown = warnings(scores(label_accuracy=figure))
    assert known_badly.endswith("right of real ones: cat (60%)")
    assert unknown.endswith("to judge these classes by: dog")


def test_few_pictures_are_warned_of() -> None:
    few = scores()["protocol"] | {"samples": 26}
    (said,) = warnings(scores(protocol=few))
    assert said.startswith("few pictures: each figure is of 26 samples")
