"""Digits scaled, slanted, coloured and put somewhere in a picture, by the rule that its caption says."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from pipeline.data.captions import COUNTS, FIELD, composed
from pipeline.data.images import fit
from pipeline.data.originals import Captions, Originals, Split
from pipeline.streams import seed_of, stream

# shares of the picture's side: how high a digit is, and how far its middle is from the sides in a corner
HEIGHTS, MARGINS = (0.375, 0.5625), (0.25, 0.34375)
SLANTS = (0.0, 0.5)  # to the right of upright, in pixels a pixel of height; what the writer gave is taken out
COLOURS = ((230, 40, 40), (40, 200, 60), (60, 90, 255), (240, 225, 40), (190, 60, 220), (240, 240, 240))
# how far each is from that at most: the height's share, the slant, the place in sides, the brightness
TALLER, STEEPER, ASIDE, DARKER = 0.05, 0.08, 0.03125, 0.15
HELD_OUT = 24  # of the 120 ways in which each digit can be shown: never trained on
_SIDE, _INK, _FINER = 28, 0.2, 2  # of a source picture; from where it is ink; samples a pixel and side


def captioned(digits: Originals, size: int) -> Originals:
    """Pictures of `size` pixels a side in colour, with their captions, of the ten digits of `digits`.

    Every other test picture shows a combination that no training picture has.
    """
    meanings = {part: _meanings(getattr(digits, part).labels, part) for part in ("train", "test")}
    train, test = (_shown(getattr(digits, part), meanings[part], part, size) for part in meanings)
    ids = [
        composed(rows, np.random.default_rng(seed_of(0, f"wordings to {part}")))
        for part, rows in meanings.items()
    ]
    return replace(digits, channels=3, train=train, test=test, captions=Captions(FIELD, *ids))


def ways_held_out() -> NDArray[np.bool_]:
    """Which ways to show each digit no training picture has, [10, 120]: by size, slant, colour and place."""
    digits, *others = COUNTS.values()
    ways = np.zeros((digits, np.prod(others)), bool)
    for digit in range(digits):
        order = torch.randperm(ways.shape[1], generator=stream(0, "combinations held out", digit))
        ways[digit, order[:HELD_OUT].numpy()] = True
    return ways


def _meanings(labels: NDArray[np.int64], part: str) -> NDArray[np.int64]:
    """What the picture of each digit [N] is to show, [N, 5]."""
    held_out, others = ways_held_out(), tuple(COUNTS.values())[1:]
    share = np.random.default_rng(seed_of(0, f"combinations to {part}")).random(len(labels))
    new = np.zeros(len(labels), bool) if part == "train" else np.arange(len(labels)) % 2 == 1
    ways = np.empty(len(labels), np.int64)
    for digit, wanted in np.ndindex(len(held_out), 2):
        rows = (labels == digit) & (new == wanted)
        choices = np.flatnonzero(held_out[digit] == wanted)
        ways[rows] = choices[(share[rows] * len(choices)).astype(np.int64)]
    return np.stack([labels, *np.unravel_index(ways, others)], axis=1)


def _shown(split: Split, meanings: NDArray[np.int64], part: str, size: int) -> Split:
    def batches() -> Iterator[Tensor]:
        start = 0
        for batch in split.batches():
            source = stream(0, f"captioned digits to {part}", start)
            rows = torch.from_numpy(meanings[start : start + len(batch)])
            yield drawn(fit(batch, _SIDE, 1), rows, size, source)
            start += len(batch)

    return Split(split.labels, batches)


def drawn(digits: Tensor, meanings: Tensor, size: int, source: torch.Generator) -> Tensor:
    """Pictures uint8 [N, 3, size, size] of digits uint8 [N, 1, 28, 28] that show `meanings` [N, 5]."""
    _, height, slant, colour, place = meanings.T
    away = torch.rand(5, len(digits), generator=source) * 2 - 1
    high = torch.tensor(HEIGHTS)[height] * (1 + TALLER * away[0])
    steep = torch.tensor(SLANTS)[slant] + STEEPER * away[1]
    middle = middles(place, height) + ASIDE * away[2:4].T
    bright = 1 - DARKER * (away[4] + 1) / 2
    ink = _moved(digits.float() / 255, high * size, steep, middle * size, size)
    shade = torch.tensor(COLOURS)[colour] * bright[:, None]
    return (ink * shade[:, :, None, None]).round().to(torch.uint8)


def middles(place: Tensor, height: Tensor) -> Tensor:
    """Where the middle of a digit is, [N, 2]: from the left and from the top, in sides of the picture."""
    margin = torch.tensor(MARGINS)[height]
    row, column = place // 2, place % 2
    corner = torch.stack([column, row], 1) * (1 - 2 * margin[:, None]) + margin[:, None]
    return torch.where(place[:, None] == COUNTS["place"] - 1, 0.5, corner)


def _moved(ink: Tensor, high: Tensor, steep: Tensor, middle: Tensor, size: int) -> Tensor:
    """Ink [N, 1, 28, 28] as high, as steep and with its middle as is said [N], in pixels of the picture."""
    x, y, lean, extent = _measured(ink[:, 0])
    scale = (extent / high)[:, None, None]
    at = (torch.arange(_FINER * size) + 0.5) / _FINER - 0.5
    across = at[None, None, :] - middle[:, 0, None, None] + 0.5
    down = at[None, :, None] - middle[:, 1, None, None] + 0.5
    sheared = across + (lean + steep)[:, None, None] * down
    rows = (y[:, None, None] + scale * down).expand(sheared.shape)
    columns = x[:, None, None] + scale * sheared
    grid = (torch.stack([columns, rows], -1) * 2 + 1) / _SIDE - 1
    return avg_pool2d(grid_sample(ink, grid, align_corners=False), _FINER)


def _measured(ink: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of ink [N, 28, 28] its middle, how far it leans to the left going down a pixel, and its extent.

    The middle is on the line on which x follows y best, half way down.
    """
    at = torch.arange(_SIDE, dtype=torch.float32)
    share = ink / ink.sum((1, 2), keepdim=True).clamp(min=1e-6)
    mass_x, mass_y = share.sum(1) @ at, share.sum(2) @ at
    x, y = at - mass_x[:, None], at - mass_y[:, None]
    m11 = torch.einsum("nyx,ny,nx->n", share, y, x)
    lean = m11 / (share.sum(2) * y.square()).sum(1).clamp(min=1e-6)
    (top, bottom), (left, right) = (_ends(ink.amax(side) > _INK) for side in (2, 1))
    middle = (top + bottom) / 2
    extent = torch.maximum(bottom - top + 1, 0.8 * (right - left + 1))
    return mass_x + lean * (middle - mass_y), middle, lean, extent


def _ends(there: Tensor) -> tuple[Tensor, Tensor]:
    """The first and the last place of each row [N, L] that is true."""
    marks = there.to(torch.uint8)
    return marks.argmax(1).float(), there.shape[1] - 1 - marks.flip(1).argmax(1).float()
