"""Digits scaled, slanted, coloured and put somewhere in a picture, by the rule that its caption says."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from pipeline import datasets
from pipeline.data.captions import FULL, Language
from pipeline.data.images import fit
from pipeline.data.originals import Captions, Originals, Split
from pipeline.errors import UserError
from pipeline.streams import seed_of, stream

if TYPE_CHECKING:
    from pipeline.data.pairs import PairParams

# shares of the picture's side: how high a digit is, and how far its middle is from the sides in a corner
HEIGHTS, MARGINS = (0.375, 0.5625), (0.25, 0.34375)
SLANTS = (0.0, 0.5)  # to the right of upright, in pixels a pixel of height; what the writer gave is taken out
COLOURS = ((230, 40, 40), (40, 200, 60), (60, 90, 255), (240, 225, 40), (190, 60, 220), (240, 240, 240))
# how far each is from that at most: the height's share, the slant, the place in sides, the brightness
TALLER, STEEPER, ASIDE, DARKER = 0.05, 0.08, 0.03125, 0.15
# where captions say neither: how high, and how far the middle is from the sides at least, in heights
ANY_HEIGHT, ROOM = (0.3, 0.7), 0.6
HELD_OUT = 0.2  # of the ways in which each digit can be shown: never trained on
_SIDE, _INK, _FINER = 28, 0.2, 2  # of a source picture; from where it is ink; samples a pixel and side


def load(data: "PairParams", raw: Path, language: Language) -> Originals:
    """The digits that `data.path` names, drawn; UserError where it has other classes."""
    digits = datasets.load(data.origin(), raw)
    if digits.classes != [str(digit) for digit in range(10)]:
        raise UserError(f"data.path: captions are of the ten digits, and {data.path} has other classes")
    return captioned(digits, data.size, language)


def captioned(digits: Originals, size: int, language: Language) -> Originals:
    """Pictures of `size` pixels a side in colour, with their captions, of the ten digits of `digits`.

    Every other test picture shows a combination of what captions say that no training picture has. Where
    they say no place, there are boxes.
    """
    meanings = {part: _meanings(getattr(digits, part).labels, part, language) for part in ("train", "test")}
    train, test = (
        _shown(getattr(digits, part), dict(zip(language.counts, rows.T, strict=True)), part, size)
        for part, rows in meanings.items()
    )
    ids = [
        language.composed(rows, np.random.default_rng(seed_of(0, f"wordings to {part}")))
        for part, rows in meanings.items()
    ]
    captions = Captions(language.field, *ids)
    boxes = "place" not in language.counts
    return replace(digits, channels=3, train=train, test=test, captions=captions, boxes=boxes)


def ways_held_out(language: Language) -> NDArray[np.bool_]:
    """Which ways to show each digit no training picture has, [10, W]: by what captions say beside it."""
    digits, *others = language.counts.values()
    ways = np.zeros((digits, np.prod(others)), bool)
    for digit in range(digits):
        order = torch.randperm(ways.shape[1], generator=stream(0, "combinations held out", digit))
        ways[digit, order[: round(HELD_OUT * ways.shape[1])].numpy()] = True
    return ways


def _meanings(labels: NDArray[np.int64], part: str, language: Language) -> NDArray[np.int64]:
    """What the picture of each digit [N] is to show, [N, A]."""
    held_out, others = ways_held_out(language), tuple(language.counts.values())[1:]
    share = np.random.default_rng(seed_of(0, f"combinations to {part}")).random(len(labels))
    new = np.zeros(len(labels), bool) if part == "train" else np.arange(len(labels)) % 2 == 1
    ways = np.empty(len(labels), np.int64)
    for digit, wanted in np.ndindex(len(held_out), 2):
        rows = (labels == digit) & (new == wanted)
        choices = np.flatnonzero(held_out[digit] == wanted)
        ways[rows] = choices[(share[rows] * len(choices)).astype(np.int64)]
    return np.stack([labels, *np.unravel_index(ways, others)], axis=1)


def _shown(split: Split, meanings: Mapping[str, NDArray[np.int64]], part: str, size: int) -> Split:
    def batches() -> Iterator[Tensor]:
        start = 0
        for batch in split.batches():
            source = stream(0, f"captioned digits to {part}", start)
            rows = slice(start, start + len(batch))
            said = {name: torch.from_numpy(values[rows]) for name, values in meanings.items()}
            yield drawn(fit(batch, _SIDE, 1), said, size, source)
            start += len(batch)

    return Split(split.labels, batches)


def drawn(digits: Tensor, meanings: Mapping[str, Tensor], size: int, source: torch.Generator) -> Tensor:
    """Pictures uint8 [N, 3, size, size] of digits uint8 [N, 1, 28, 28] with `meanings` [N] by attribute.

    Where those say no size and no place, a digit is as high as may be, anywhere.
    """
    away = torch.rand(5, len(digits), generator=source) * 2 - 1
    if "place" in meanings:
        height = meanings["size"]
        high = torch.tensor(HEIGHTS)[height] * (1 + TALLER * away[0])
        middle = middles(meanings["place"], height) + ASIDE * away[2:4].T
    else:
        high, middle = _anywhere((away[0] + 1) / 2, (away[2:4].T + 1) / 2)
    steep = torch.tensor(SLANTS)[meanings["slant"]] + STEEPER * away[1]
    bright = 1 - DARKER * (away[4] + 1) / 2
    ink = _moved(digits.float() / 255, high * size, steep, middle * size, size)
    shade = torch.tensor(COLOURS)[meanings["colour"]] * bright[:, None]
    return (ink * shade[:, :, None, None]).round().to(torch.uint8)


def _anywhere(height: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """Heights [N] and middles [N, 2], in sides of the picture, of numbers from 0 to 1."""
    high = torch.lerp(*torch.tensor(ANY_HEIGHT), height)
    room = ROOM * high[:, None]
    return high, torch.lerp(room, 1 - room, place)


def middles(place: Tensor, height: Tensor) -> Tensor:
    """Where the middle of a digit is, [N, 2]: from the left and from the top, in sides of the picture."""
    margin = torch.tensor(MARGINS)[height]
    row, column = place // 2, place % 2
    corner = torch.stack([column, row], 1) * (1 - 2 * margin[:, None]) + margin[:, None]
    return torch.where(place[:, None] == FULL.counts["place"] - 1, 0.5, corner)


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
