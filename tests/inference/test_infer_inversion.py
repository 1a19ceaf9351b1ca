"""Latents of given pictures: found, under a mask, for every class, from an encoder; and what is refused."""

import shutil

import numpy as np
import pytest

from pipeline.inference import Generator
from pipeline.inference.contract.descent import descend
from pipeline.inference.contract.inversion import invert, pictures
from pipeline.inference.contract.search import NEAR, RATES, Search
from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared.noise import latent
from tests.inference.conftest import DIGITS, Z_DIM
from tests.inference.searches import put_encoder, put_search, weights_of

GREY, RGB = (1, 4, 5), (3, 3, 2)


@pytest.fixture
def generator(conditional):
    put_search(conditional, DIGITS, GREY, "normal")
    return Generator(conditional)


@pytest.fixture
def plain(unconditional):
    put_search(unconditional, [], RGB, "uniform")
    return Generator(unconditional)


def test_own_pictures_are_found_again(generator):
    labels = np.array([3, 1, 9])
    targets = generator.run(latent([5, 6, 7], Z_DIM, "normal"), labels)
    found = invert(generator, targets, labels, steps=400)
    assert (found.z.dtype, found.z.shape) == (np.float32, (3, Z_DIM))
    assert found.error.dtype == np.float32
    assert found.error.max() < 1e-5
    assert np.array_equal(found.labels, labels)
    np.testing.assert_allclose(pictures(generator, found), targets, atol=5e-3)
    np.testing.assert_allclose(
        found.error, np.square(pictures(generator, found) - targets).mean((1, 2, 3)), atol=1e-7
    )


def test_what_is_covered_does_not_count(generator):
    labels = np.array([3, 1])
    targets = generator.run(latent([5, 6], Z_DIM, "normal"), labels)
    mask = np.ones((1, 1, 4, 5), np.float32)
    mask[..., 2:] = 0
    spoilt = np.where(mask, targets, 1).astype(np.float32)
    found = invert(generator, spoilt, labels, mask=mask, steps=400)
    assert found.error.max() < 1e-6
    np.testing.assert_allclose(pictures(generator, found), targets, atol=0.02)  # under the hole, too
    assert invert(generator, spoilt, labels, steps=400).error.min() > 1e-3
    each = np.concatenate([mask, np.ones_like(mask)])
    both = invert(generator, spoilt, labels, mask=each, steps=400)
    assert both.error[0] < 1e-6
    assert both.error[1] > 1e-3


def test_the_class_is_found_by_trying_all(generator):
    labels = np.arange(10)
    targets = generator.run(latent(range(20, 30), Z_DIM, "normal"), labels)
    found = invert(generator, targets, steps=200)
    assert np.array_equal(found.labels, labels)
    assert found.labels.dtype == np.int64
    assert found.error.max() < 1e-4


def test_the_second_best_of_a_trial_can_still_win(generator, monkeypatch):
    targets = generator.run(latent([5, 6], Z_DIM, "normal"), np.array([3, 7]))
    monkeypatch.setattr(Search, "likeliest", lambda *_: np.array([[1, 3], [7, 2]]))
    assert invert(generator, targets, steps=200).labels.tolist() == [3, 7]


def test_a_uniform_latent_stays_where_it_was_drawn(plain):
    out_of_reach = np.ones((1, *RGB), np.float32)
    found = invert(plain, out_of_reach, steps=100)
    assert found.labels is None
    assert found.error > 0.1
    assert found.z.min() == 0
    assert 0.99 < found.z.max() < 1
    reached = plain.run(latent([5], Z_DIM, "uniform"))
    assert invert(plain, reached, steps=300).error < 1e-6


def test_a_picture_is_searched_alone_and_from_the_seeds_draws(generator, monkeypatch):
    monkeypatch.setattr("pipeline.inference.contract.inversion.PICTURES", 2)
    targets = generator.run(latent([5, 6, 7], Z_DIM, "normal"), np.array([3, 1, 9]))
    both = invert(generator, targets, steps=30)
    for index, target in enumerate(targets):
        alone = invert(generator, target[None], steps=30)
        for one, many in zip(alone, both, strict=True):
            assert np.array_equal(one, many[index : index + 1])
    assert not np.array_equal(invert(generator, targets, steps=30, seed=1).z, both.z)
    drawn = invert(generator, targets, np.array([3, 1, 9]), steps=0, starts=1)
    assert np.array_equal(drawn.z[0], drawn.z[2])
    assert not (latent([0, 5, 6, 7], Z_DIM, "normal") == drawn.z[0]).all(1).any()


def test_more_starts_find_more(generator):
    targets = generator.run(latent(range(30, 40), Z_DIM, "normal"), np.zeros(10, np.int64))
    one, four = (invert(generator, targets, np.zeros(10, int), starts=n, steps=5).error for n in (1, 4))
    assert (four <= one).all()
    assert (four < one).any()


def test_a_start_is_gone_on_from(generator):
    labels, z = np.array([3, 1]), latent([5, 6], Z_DIM, "normal")
    targets, near = generator.run(z, labels), z + np.float32(0.3)
    stayed = invert(generator, targets, labels, start=near, steps=0)
    assert np.array_equal(stayed.z, near)
    np.testing.assert_allclose(
        stayed.error, np.square(generator.run(near, labels) - targets).mean((1, 2, 3)), rtol=1e-5
    )
    assert (invert(generator, targets, labels, start=near, steps=60).error < stayed.error / 10).all()


def test_an_encoder_gives_the_start_where_all_is_seen(plain):
    put_encoder(plain.path, RGB)
    targets = plain.run(latent([5, 6], Z_DIM, "uniform"))
    code = targets.reshape(2, -1) @ np.linalg.pinv(weights_of([], RGB)["weight"])
    alone = invert(plain, targets, steps=0)
    np.testing.assert_allclose(alone.z, code.clip(0, 1), atol=1e-5)
    assert (invert(plain, targets, steps=60).error < alone.error / 10).all()
    every = np.ones((1, 1, *RGB[1:]), np.float32)
    assert not np.allclose(invert(plain, targets, mask=every, steps=0).z, alone.z, atol=0.01)


def test_the_steps_are_told(generator):
    seen, targets = [], generator.run(latent([5], Z_DIM, "normal"), [3])
    invert(generator, targets, steps=60, told=lambda *at: seen.append(at))
    assert seen == [(done, 110) for done in range(1, 111)]  # 50 of the trial
    invert(generator, targets, steps=20, told=lambda *at: seen.append(at))
    assert seen[-1] == (40, 40)  # a trial is no longer than the search


def test_two_classes_go_on_and_a_near_start_keeps_its_rate(generator, monkeypatch):
    rows, rates = [], []

    def spied(slope, start, steps, falling, *rest):
        rows.append(len(start))
        rates.append(falling)
        return descend(slope, start, steps, falling, *rest)

    monkeypatch.setattr("pipeline.inference.contract.search.descend", spied)
    z = latent([5], Z_DIM, "normal")
    invert(generator, generator.run(z, [3]), steps=1, starts=3)
    assert rows == [10 * 2, 2 * 3]
    invert(generator, generator.run(z, [3]), np.array([3]), steps=1, start=z)
    assert rows[2:] == [1]
    assert rates == [RATES, RATES, NEAR]


IMAGES, LABELS = np.zeros((2, *GREY), np.float32), np.zeros(2, np.int64)
REFUSED = {
    "shape": (({"targets": IMAGES[:, :, :3]}), "targets is float32 [2, 1, 3, 5]; say float32 [N, 1, 4, 5]"),
    "range": ({"labels": LABELS + 10}, "labels 10: say 0 to 9"),
    "rows": ({"labels": LABELS[:1]}, "labels: 1 rows for 2 pictures"),
    "mask": ({"mask": np.full((1, 1, 4, 5), 1.5, np.float32)}, "each pixel of a mask is from 0 to 1"),
    "start": ({"start": np.zeros((1, Z_DIM), np.float32)}, "start: 1 rows for 2 pictures"),
    "starts": ({"starts": 0}, "2 pictures, 0 starts, 800 steps: say 1 picture and 1 start or more"),
    "steps": ({"steps": -1}, "and 0 steps or more"),
    "none": ({"targets": IMAGES[:0]}, "0 pictures, 32 starts"),
}


@pytest.mark.parametrize(("change", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_is_refused(generator, change, told):
    with pytest.raises(InferenceError) as caught:
        invert(**{"generator": generator, "targets": IMAGES, "labels": LABELS} | change)
    assert told in str(caught.value)


def test_no_label_without_classes(plain):
    with pytest.raises(InferenceError, match="plain takes no label"):
        invert(plain, np.zeros((1, *RGB), np.float32), LABELS[:1])


def test_the_search_of_another_run_is_refused_and_a_missing_one_told(generator, make_model):
    other = make_model("other.onnx", metadata={"params_hash": "5" * 64})
    with pytest.raises(InferenceError, match=r"has no other\.parts/search\.onnx beside it"):
        invert(Generator(other), IMAGES, LABELS)
    shutil.copytree(generator.path.with_suffix(".parts"), other.with_suffix(".parts"))
    with pytest.raises(InferenceError, match=r"search\.onnx: of another run than .*other\.onnx"):
        invert(Generator(other), IMAGES, LABELS)


# Adam


def valley(z, rows=None):
    """Half the distance to 3, squared."""
    return (np.square(z - 3).sum(1) / 2).astype(np.float32), z - 3


def test_adams_first_step_is_the_rate_and_the_rate_falls_by_one_factor():
    start = np.array([[0, 100]], np.float32)
    z, loss = descend(valley, start, 1, (0.5, 0.1), None, lambda: None)
    np.testing.assert_allclose(z, [[0.5, 99.5]], rtol=1e-6)
    np.testing.assert_allclose(loss, (2.5**2 + 96.5**2) / 2, rtol=1e-6)
    seen = []
    far = np.full((1, 1), 1e6, np.float32)  # every gradient is as good as the first: steps of the rate
    descend(
        lambda z, rows: (seen.append(float(z[0, 0])), valley(z))[1], far, 3, (400, 100), None, lambda: None
    )
    np.testing.assert_allclose(-np.diff(seen), [400, 200, 100], rtol=1e-2)


def test_rows_that_are_sieved_out_stay_at_the_best_they_came_by():
    start, computed = np.array([[0.0], [1.0], [9.0]], np.float32), []

    def slope(z, rows):
        computed.append(rows.tolist())
        return valley(z)

    alone, losses = descend(valley, start, 4, (0.5, 0.1), None, lambda: None)
    early, _ = descend(valley, start, 4, (0.5, 0.1), None, lambda: None, {3: lambda least: np.arange(3)})
    np.testing.assert_array_equal(early, alone)
    sieve = {3: lambda least: least.argsort()[:1]}
    z, loss = descend(slope, start, 4, (0.5, 0.1), None, lambda: None, sieve)
    assert computed == [[0, 1, 2]] * 3 + [[1]] * 2  # at the start, and after each step
    assert (z[1], loss[1]) == (alone[1], losses[1])
    two = [start[row] + (0.5 + 0.5 * (0.1 / 0.5) ** (1 / 3)) * sign for row, sign in ((0, 1), (2, -1))]
    np.testing.assert_allclose(z[[0, 2]], two, rtol=1e-2)
    np.testing.assert_allclose(loss[[0, 2]], [valley(each[None])[0][0] for each in two], rtol=2e-2)


def test_ever_fewer_starts_of_each_picture_go_on(generator, monkeypatch):
    kept = []

    def spied(slope, start, steps, falling, bounds, told, sieves):
        least = np.array([*range(14), *range(14, 0, -1)], np.float32)
        kept.append({step: sieve(least).tolist() for step, sieve in sieves.items()})
        return descend(slope, start, steps, falling, bounds, told, sieves)

    monkeypatch.setattr("pipeline.inference.contract.search.descend", spied)
    pictures = generator.run(latent([5, 6], Z_DIM, "normal"), [3, 4])
    invert(generator, pictures, np.array([3, 4]), steps=1, starts=14)
    farther = range(27, 15, -1)
    assert kept == [
        {1: [*range(12), *farther], 51: [*range(4), *farther[:4]], 151: [0, 1, 27, 26], 301: [0, 27]}
    ]


def test_the_best_place_is_kept_and_bounds_hold():
    start = np.array([[2.999], [0.0]], np.float32)
    (outside,), _ = descend(valley, np.array([[-2]], np.float32), 0, (1, 1), (0, 3.5), lambda: None)
    assert outside == 0
    z, loss = descend(valley, start, 3, (4.0, 4.0), (0, 3.5), lambda: None)
    assert z[0] == start[0]  # all steps lead away
    assert z[1] == 3.5
    np.testing.assert_allclose(loss, [5e-7, 0.125], rtol=1e-3)
    assert start.tolist() == [[np.float32(2.999)], [0.0]]
