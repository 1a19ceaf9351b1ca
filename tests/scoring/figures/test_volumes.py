"""Figures of volumes: one piece or several, read with confidence or not; those of pictures are left out."""

import numpy as np

from pipeline.fields import image, voxels
from pipeline.scoring.candidates import Candidate, Images
from pipeline.scoring.figures import modules, overlap, score
from pipeline.scoring.figures.confidence import is_sure
from pipeline.scoring.figures.pieces import in_one_piece
from pipeline.scoring.translations import Translated
from pipeline.scoring.verdict import verdict


def volume(*filled: tuple[int, int, int]) -> np.ndarray:
    found = np.zeros((1, 3, 3, 3), np.uint8)
    for place in filled:
        found[(0, *place)] = 255
    return found


def test_voxels_hang_together_by_their_sides() -> None:
    by_sides, by_an_edge = volume((0, 0, 0), (1, 0, 0), (1, 1, 0)), volume((0, 0, 0), (1, 1, 0))
    nearly_empty = np.full((1, 3, 3, 3), 127, np.uint8)
    found = in_one_piece(np.stack([by_sides, by_an_edge, nearly_empty, volume((2, 2, 2))]))
    assert found.tolist() == [True, False, False, True]


def test_sure_is_nine_in_ten() -> None:
    odds = np.log([[0.91, 0.05, 0.04], [0.89, 0.06, 0.05], [0.02, 0.03, 0.95]])
    assert is_sure(odds).tolist() == [True, False, True]


def test_volumes_have_figures_of_their_own_and_none_of_pictures() -> None:
    whole, broken = volume((0, 0, 0)), volume((0, 0, 0), (2, 2, 2))
    sure, unsure = [5.0, 0.0], [0.1, 0.0]

    def seen(volumes: list[np.ndarray], logits: list[list[float]]) -> Candidate:
        return Candidate(np.stack(volumes), None, np.zeros((4, 1), np.float32), np.array(logits, np.float32))

    evidence = {
        "voxels": voxels(3),
        "classes": ["a", "b"],
        "fake": seen([whole, whole, whole, broken], [sure, sure, unsure, unsure]),
        "floor": seen([whole] * 4, [sure] * 4),
        "noise": seen([broken] * 4, [unsure] * 4),
        "seed": 1,
    }
    scores = score(evidence)
    assert [scores["one_piece"][who] for who in ("value", "real", "noise")] == [0.75, 1, 0]
    assert [scores["confident"][who] for who in ("value", "real", "noise")] == [0.5, 1, 0]
    of_pictures = {module.__name__.rpartition(".")[2] for module in modules() if "image" in module.NEEDS}
    assert of_pictures == {"colours", "patches", "pixel_error", "psnr", "ssim", "two_sample"}
    pictured = {key: value for key, value in evidence.items() if key != "voxels"} | {"image": image(1, 3)}
    others = score(pictured)
    assert not {"one_piece", "confident"} & others.keys()


def test_the_verdict_on_volumes_is_of_pieces_and_confidence() -> None:
    def figure(value: float) -> dict[str, float]:
        return {"value": value, "real": 1.0, "low": 0.0, "real_high": 1.0}

    scores = {
        "protocol": {"judges": {"convolutional": {"accuracy": 1.0}}},
        **{key: figure(0.95) for key in ("one_piece", "confident", "recall", "coverage")},
        "memorised_in_judge_space": figure(0.0),
    }
    assert verdict(scores).startswith("95.0% are in one piece (real: 100.0%); the judge reads 95.0%")
    del scores["confident"]
    assert "one piece (real: 100.0%). They reach" in verdict(scores)


def test_overlap_is_intersection_over_union_and_held_against_the_nearest() -> None:
    one, both, other = volume((0, 0, 0)), volume((0, 0, 0), (1, 1, 1)), volume((2, 2, 2))
    made, truth = np.stack([one, both, other]), np.stack([both, both, one])
    assert overlap.overlap(made, truth).tolist() == [0.5, 1, 0]
    assert overlap.overlap(volume()[None], volume()[None]).tolist() == [1]
    none = np.zeros((3, 1), np.float32)
    seen = Candidate(made, None, none, none)
    found = Translated(Images(made, None), seen, Images(truth, None), Images(truth, None))
    figure = overlap.measure({"translated": found, "seed": 0})["overlap"]
    assert (figure["value"], figure["noise"]) == (0.5, 1)
    assert figure["low"] < 0.5 < figure["high"]
