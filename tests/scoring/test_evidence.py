"""What generators are held against: who judges, which images nothing learnt from, of which classes."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from pipeline.data.prepared import Prepared
from pipeline.params import DataParams, EvaluateParams
from pipeline.scoring.candidates import Images
from pipeline.scoring.evidence import contestants, refer
from pipeline.scoring.translations import chosen
from tests.scoring.conftest import DATA

PARAMS = EvaluateParams(judge="one", samples=200, seed=1, inception_weights=None)


def judge(factor: float) -> Any:
    """Brightness, and logits of ten classes."""

    def seen(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        white = factor * images.reshape(len(images), -1).mean(1, keepdims=True, dtype=np.float32)
        return white, white - np.arange(10, dtype=np.float32)

    return SimpleNamespace(features_and_logits=seen)


def rows(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def test_the_first_judge_looks_and_the_others_are_kept(digits: Prepared) -> None:
    judges = {"one": judge(1.0), "two": judge(2.0), "three": judge(3.0)}
    found = refer(digits, judges, PARAMS)
    assert found["judges"] == judges
    assert found["other_judges"] == {"two": judges["two"], "three": judges["three"]}
    for seen in (found["floor"], found["noise"], found["test"]):
        np.testing.assert_array_equal(seen.features, judges["one"].features_and_logits(seen.images)[0])
    np.testing.assert_array_equal(found["training_features"][:, 0], found["training"].images.mean((1, 2, 3)))
    assert "other_judges" not in refer(digits, {"one": judges["one"]}, PARAMS)


def test_real_images_are_in_the_shares_of_the_test_images_and_of_the_part_they_should_be(
    digits: Prepared,
) -> None:
    found = refer(digits, {"one": judge(1.0)}, PARAMS)
    training, test = rows(digits.images("train")), rows(digits.images("test"))
    assert found["floor_part"] == "train"  # none of these digits are set aside
    assert rows(found["floor"].images) | rows(found["seen"].images) <= training
    assert rows(found["test"].images) | rows(found["unseen"].images) <= test
    shares = np.bincount(found["test"].labels, minlength=10)
    for name in ("floor", "noise", "unseen", "seen"):
        assert len(found[name]) == len(found["test"]) == 200
        assert np.abs(np.bincount(found[name].labels, minlength=10) - shares).max() <= 1
    assert not rows(found["noise"].images) & (training | test)


def test_settings_are_chosen_on_images_set_aside_and_no_test_image_is_looked_at(
    prepared_digits: Callable[[DataParams], Path],
) -> None:
    data = Prepared.open(prepared_digits(DATA.model_copy(update={"set_aside": 150})))
    found = refer(data, {"one": judge(1.0)}, PARAMS, against="aside")
    aside, training = rows(data.images("aside")), rows(data.images("train"))
    assert (found["test_part"], found["floor_part"]) == ("aside", "train")
    assert rows(found["test"].images) | rows(found["unseen"].images) <= aside
    assert rows(found["floor"].images) | rows(found["seen"].images) <= training


def test_each_contestant_has_the_key_of_its_figure(digits: Prepared) -> None:
    found = refer(digits, {"one": judge(1.0)}, PARAMS)
    whole = found | {"fake": found["test"]}
    assert {who: id(seen) for who, seen in contestants(whole).items()} == {
        "value": id(whole["fake"]),
        "real": id(whole["floor"]),
        "noise": id(whole["noise"]),
    }


def test_images_to_translate_have_the_class_shares_of_those_they_are_held_against() -> None:
    labels = np.repeat([0, 1, 2], 200)
    pool = Images(np.zeros((600, 1, 1, 1), np.uint8), labels)
    wanted = Images(pool.images[:100], np.repeat([0, 1, 2], [70, 20, 10]))
    assert np.bincount(labels[chosen(pool, wanted, 0)]).tolist() == [70, 20, 10]
    for one, other in ((pool, Images(wanted.images, None)), (Images(pool.images, None), wanted)):
        rows = chosen(one, other, 0)
        assert len(set(rows.tolist())) == 100
        assert np.bincount(labels[rows]).min() > 20  # from all over the pool
