"""The judge: it learns, it is the same every time, it is stored whole or refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.data.prepared import Prepared
from pipeline.errors import RunError, UserError
from pipeline.fields import label
from pipeline.scoring.judges.judge import DESCRIPTION, WEIGHTS, Judge
from pipeline.scoring.judges.networks import ARCHITECTURES, JudgeShape, initialise
from pipeline.scoring.judges.training import train_judge
from tests.scoring.conftest import JUDGE

SHORT = JUDGE.model_copy(update={"epochs": 1, "batch": 128, "min_accuracy": 0.0})


def test_learns_and_says_how_well(judge: Judge, digits: Prepared) -> None:
    _, logits = judge.features_and_logits(digits.images("test"))
    accuracy = (logits.argmax(axis=1) == digits.labels("test")).mean()
    assert accuracy == pytest.approx(judge.description["accuracy"], abs=1e-6)
    assert accuracy > 0.9
    assert judge.description["data"] == digits.digest


def test_the_second_judge_is_no_twin_of_the_first(judges: dict[str, Judge]) -> None:
    one, two, _ = (judge.description for judge in judges.values())
    assert two["accuracy"] > 0.9
    assert (one["architecture"], two["architecture"]) == ("convolutional", "dense")
    assert "conv" not in two["layers"]
    assert one["trained"]["seed"] != two["trained"]["seed"]


def test_same_parameters_same_bytes(digits: Prepared, tmp_path: Path) -> None:
    for name in ("a", "b"):
        train_judge(digits, "short", SHORT).save(tmp_path / name)
    for file in (WEIGHTS, DESCRIPTION):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_another_seed_gives_another_judge(digits: Prepared) -> None:
    images = digits.images("test")[:5]
    one, two = (train_judge(digits, "short", SHORT.model_copy(update={"seed": seed})) for seed in (1, 2))
    assert not np.allclose(one.features_and_logits(images)[0], two.features_and_logits(images)[0])


def test_too_poor_a_judge_fails(digits: Prepared) -> None:
    with pytest.raises(RunError, match=r"judges\.short\.min_accuracy asks for 100\.00%"):
        train_judge(digits, "short", SHORT.model_copy(update={"min_accuracy": 1.0}))


def test_features_have_unit_variance_over_the_training_images(judge: Judge, digits: Prepared) -> None:
    features, _ = judge.features_and_logits(digits.images("train"))
    assert features.var(axis=0).mean() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("which", ["convolutional", "dense", "texture"])
def test_saved_and_loaded_it_sees_the_same(
    judges: dict[str, Judge], which: str, digits: Prepared, tmp_path: Path
) -> None:
    judge = judges[which]
    judge.save(tmp_path / "judge")
    loaded = Judge.load(tmp_path / "judge")
    images = digits.images("test")
    for before, after in zip(
        judge.features_and_logits(images), loaded.features_and_logits(images), strict=True
    ):
        np.testing.assert_array_equal(before, after)


def test_the_batch_size_changes_nothing(judge: Judge, digits: Prepared) -> None:
    images = digits.images("test")[:20]
    whole, parts = judge.features_and_logits(images), judge.features_and_logits(images, batch=7)
    np.testing.assert_allclose(whole[0], parts[0], atol=1e-5)
    np.testing.assert_allclose(whole[1], parts[1], atol=1e-4)


@pytest.mark.slow
def test_without_labels_it_learns_rotations(digits: Prepared) -> None:
    flat = Prepared(**(vars(digits) | {"fields": digits.fields | {"labels": label([])}}))
    judge = train_judge(flat, "flat", JUDGE.model_copy(update={"min_accuracy": 0.8}))
    assert judge.description["task"] == "rotations"
    image = digits.images("test")[:1]
    turned = np.concatenate([np.rot90(image, quarter, axes=(2, 3)) for quarter in range(4)])
    assert judge.features_and_logits(turned)[1].shape == (4, 4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("channels", "size"), [(1, 8), (3, 28), (1, 64), (3, 33)])
def test_takes_any_size(architecture: str, channels: int, size: int) -> None:
    shape = JudgeShape(channels, size, 5)
    network = initialise(ARCHITECTURES[architecture](shape), seed=0)
    images = np.zeros((2, channels, size, size), np.uint8)
    features, logits = Judge(network, {"shape": vars(shape)}).features_and_logits(images)
    assert features.shape == (2, 128)
    assert logits.shape == (2, 5)


def test_refuses_images_of_another_size(judge: Judge) -> None:
    with pytest.raises(UserError, match=r"uint8 \[N, 1, 8, 8\], not uint8 \[2, 1, 9, 9\]"):
        judge.features_and_logits(np.zeros((2, 1, 9, 9), np.uint8))


def test_a_missing_judge_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"judge\.json is not here: train the judge"):
        Judge.load(tmp_path)


def test_a_damaged_judge_is_refused(judge: Judge, tmp_path: Path) -> None:
    judge.save(tmp_path / "judge")
    weights = tmp_path / "judge" / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")  # still a valid file, of other weights
    with pytest.raises(UserError, match="damaged"):
        Judge.load(tmp_path / "judge")


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"shape": {"size": 8}})])
def test_a_damaged_description_is_refused(judge: Judge, tmp_path: Path, content: str) -> None:
    judge.save(tmp_path / "judge")
    (tmp_path / "judge" / DESCRIPTION).write_text(content)
    with pytest.raises(UserError, match="damaged"):
        Judge.load(tmp_path / "judge")
