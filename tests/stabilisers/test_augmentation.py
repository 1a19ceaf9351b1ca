"""What differentiable augmentation does to images, and that the gradient comes through."""

import pytest
import torch

from pipeline.stabilisers.augmentation import augment


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("change", ["colour", "translation", "cutout"])
def test_each_image_is_changed_in_its_own_way_and_the_same_way_again(change: str) -> None:
    images = torch.rand(1, 3, 16, 16).expand(8, -1, -1, -1) * 2 - 1
    changed = augment(images, (change,), source())
    assert changed.shape == images.shape
    assert len({tuple(image.flatten().tolist()) for image in changed}) > 4
    assert torch.equal(changed, augment(images, (change,), source()))


@pytest.mark.parametrize("change", ["colour", "translation", "cutout", "flip"])
def test_gradients_are_those_of_finite_differences(change: str) -> None:
    images = torch.rand(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: augment(x, (change,), source()), images)


def test_translation_moves_by_at_most_an_eighth_and_brings_in_black() -> None:
    images = torch.full((200, 1, 16, 16), -1.0)
    images[:, 0, 8, 8] = 1.0
    moved = augment(images, ("translation",), source())
    places = (moved == 1).nonzero()
    assert len(places) == 200  # none lost, none made
    assert {tuple(place) for place in (places[:, 2:] - 8).tolist()} == {
        (row, column) for row in range(-2, 3) for column in range(-2, 3)
    }
    assert set(moved.unique().tolist()) == {-1.0, 1.0}


def test_cutout_leaves_out_one_rectangle_of_at_most_half_the_side() -> None:
    holes = augment(torch.ones(100, 1, 16, 16), ("cutout",), source())[:, 0] == 0
    for hole in holes:
        rows, columns = hole.any(1), hole.any(0)
        assert torch.equal(hole, rows[:, None] & columns[None])
        assert 4 <= rows.sum() <= 9
        assert 4 <= columns.sum() <= 9


def test_a_flip_mirrors_every_other_image_from_left_to_right() -> None:
    images = torch.rand(1, 3, 4, 6).expand(400, -1, -1, -1)
    flipped = augment(images, ("flip",), source())
    mirrored = [torch.equal(image, images[0].flip(2)) for image in flipped]
    assert all(
        torch.equal(image, images[0]) != mirror for image, mirror in zip(flipped, mirrored, strict=True)
    )
    assert 150 < sum(mirrored) < 250


def test_colour_changes_brightness_by_up_to_a_half() -> None:
    means = augment(torch.zeros(2000, 1, 4, 4), ("colour",), source()).mean((1, 2, 3))
    assert -0.5 <= means.min() < -0.49
    assert 0.49 < means.max() <= 0.5


def test_nothing_is_done_without_a_policy() -> None:
    images = torch.rand(2, 1, 8, 8)
    assert augment(images, (), source()) is images
