"""Each augmentation written out from the numbers that it draws: which, in what order, and no more."""

import numpy as np
import pytest
import torch

from pipeline.stabilisers.augmentation import augment

COUNT, SIDE = 5, 16


def colour(images: np.ndarray, source: torch.Generator) -> np.ndarray:
    brightness, saturation, contrast = (torch.rand((COUNT, 1, 1, 1), generator=source).numpy() for _ in "abc")
    images = images + brightness - 0.5
    grey = images.mean(1, keepdims=True)
    images = grey + 2 * saturation * (images - grey)
    level = images.mean((1, 2, 3), keepdims=True)
    return level + (0.5 + contrast) * (images - level)


def translation(images: np.ndarray, source: torch.Generator) -> np.ndarray:
    """By -2 to 2 pixels: an eighth of 16."""
    down, right = (torch.randint(5, (COUNT,), generator=source).numpy() - 2 for _ in "ab")
    moved = np.full_like(images, -1)
    for n in range(COUNT):
        for row in range(SIDE):
            for column in range(SIDE):
                there = row + down[n], column + right[n]
                if min(there) >= 0 and max(there) < SIDE:
                    moved[n, :, row, column] = images[n, :, there[0], there[1]]
    return moved


def cutout(images: np.ndarray, source: torch.Generator) -> np.ndarray:
    """Grey within 4 pixels, a quarter of the side, of the centre along both axes."""
    rows, columns = (torch.randint(SIDE, (COUNT,), generator=source).numpy() for _ in "ab")
    images, place = images.copy(), np.arange(SIDE)
    for n in range(COUNT):
        hole = (abs(place - rows[n]) <= 4)[:, None] & (abs(place - columns[n]) <= 4)[None]
        images[n][:, hole] = 0
    return images


def flip(images: np.ndarray, source: torch.Generator) -> np.ndarray:
    mirrored = torch.rand((COUNT, 1, 1, 1), generator=source).numpy() < 0.5
    return np.where(mirrored, images[..., ::-1], images)


CHANGES = {"colour": colour, "translation": translation, "cutout": cutout, "flip": flip}


@pytest.mark.parametrize("policy", [*((name,) for name in CHANGES), ("cutout", "translation", "colour")])
def test_a_change_is_what_its_draws_say(policy: tuple[str, ...]) -> None:
    source, own = (torch.Generator().manual_seed(3) for _ in range(2))
    images = torch.rand(COUNT, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    expected = images.numpy()
    for name in policy:
        expected = CHANGES[name](expected, own)
    np.testing.assert_allclose(augment(images, policy, source).numpy(), expected, atol=1e-5)
    assert torch.equal(source.get_state(), own.get_state())
