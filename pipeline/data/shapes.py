"""Chairs, tables, lamps, cars and tori as volumes of voxels, each drawn with sides of its own.

A volume is [D, H, W]: a slice [H, W] is a picture as seen from the front, the first slice in front, the
first row on top. Shapes are of a cube from -1 to 1: x to the right, y up, z to the back. A voxel is filled
where its middle lies in the shape. Every part is thicker than a voxel of 16 a side: shapes hang together.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.data.originals import Originals, Split
from pipeline.fields import voxels
from pipeline.streams import seed_of

COUNTS = {"train": 5_000, "test": 1_000}
_BATCH = 100  # volumes at a time
Filled = NDArray[np.bool_]
Ends = tuple[float, float]


class Space:
    """The middles of the voxels of a cube of `side`, and the solids that shapes are made of."""

    def __init__(self, side: int) -> None:
        middles = (2 * np.arange(side) + 1) / side - 1
        self.z, self.y, self.x = np.meshgrid(middles, -middles, middles, indexing="ij", sparse=True)

    def box(self, x: Ends, y: Ends, z: Ends) -> Filled:
        """Between two ends along each axis."""
        inside = [
            (low <= value) & (value <= high) for value, (low, high) in ((self.x, x), (self.y, y), (self.z, z))
        ]
        return inside[0] & inside[1] & inside[2]

    def cone(self, radii: Ends, y: Ends, x: float = 0.0, z: float = 0.0) -> Filled:
        """An upright cone cut off at two heights, with its radius at either; a cylinder where they agree."""
        along = (self.y - y[0]) / (y[1] - y[0])
        radius = radii[0] + (radii[1] - radii[0]) * along
        return (along >= 0) & (along <= 1) & ((self.x - x) ** 2 + (self.z - z) ** 2 <= radius**2)

    def wheel(self, radius: float, z: Ends, x: float, y: float) -> Filled:
        """A cylinder that lies along z."""
        return (z[0] <= self.z) & (self.z <= z[1]) & ((self.x - x) ** 2 + (self.y - y) ** 2 <= radius**2)

    def ring(self, radius: float, thickness: float, tilt: float) -> Filled:
        """A torus about the vertical axis, tilted by an angle about x."""
        up = self.y * math.cos(tilt) - self.z * math.sin(tilt)
        back = self.y * math.sin(tilt) + self.z * math.cos(tilt)
        return (np.hypot(self.x, back) - radius) ** 2 + up**2 <= thickness**2


def chair(space: Space, random: np.random.Generator) -> Filled:
    """A seat on four legs, and a back."""
    wide, deep = random.uniform(0.45, 0.75, 2)
    bottom, seat, top = -0.9, random.uniform(-0.25, 0.05), random.uniform(0.6, 0.95)
    thick, leg = random.uniform(0.16, 0.24), random.uniform(0.2, 0.28)
    return (
        space.box((-wide, wide), (seat - thick, seat), (-deep, deep))
        | space.box((-wide, wide), (seat - thick, top), (deep - thick, deep))
        | _legs(space, wide, deep, leg, (bottom, seat))
    )


def table(space: Space, random: np.random.Generator) -> Filled:
    """A plate on four legs, or a round one on one leg with a foot."""
    wide, deep = random.uniform(0.6, 0.95, 2)
    top, bottom = random.uniform(0.1, 0.5), -0.85
    thick, leg = random.uniform(0.16, 0.26), random.uniform(0.2, 0.28)
    if random.random() < 0.5:
        plate = space.box((-wide, wide), (top - thick, top), (-deep, deep))
        return plate | _legs(space, wide, deep, leg, (bottom, top))
    plate = space.cone((wide, wide), (top - thick, top))
    foot = space.cone((wide / 2, wide / 2), (bottom, bottom + 0.16))
    return plate | foot | space.cone((leg * 0.8, leg * 0.8), (bottom, top))


def lamp(space: Space, random: np.random.Generator) -> Filled:
    """A foot, a pole, and a shade that narrows upwards."""
    foot, wide = random.uniform(0.3, 0.5), random.uniform(0.4, 0.75)
    narrow, top = wide * random.uniform(0.35, 0.8), random.uniform(0.7, 0.95)
    edge = top - random.uniform(0.45, 0.8)
    return (
        space.cone((foot, foot), (-0.95, -0.78))
        | space.cone((0.13, 0.13), (-0.95, top))
        | space.cone((wide, narrow), (edge, top))
    )


def car(space: Space, random: np.random.Generator) -> Filled:
    """A body with a cabin, on four wheels; from the front one sees its side."""
    long, wide = random.uniform(0.75, 0.95), random.uniform(0.4, 0.6)
    floor, roof = random.uniform(-0.5, -0.35), random.uniform(0.2, 0.45)
    hood = random.uniform(-0.15, 0.05)
    begin, end = -long * random.uniform(0.3, 0.8), long * random.uniform(0.5, 0.95)
    radius, axle = random.uniform(0.2, 0.28), long * random.uniform(0.55, 0.65)
    body = space.box((-long, long), (floor, hood), (-wide, wide))
    cabin = space.box((begin, end), (floor, roof), (-wide * 0.85, wide * 0.85))
    wheels = [
        space.wheel(radius, (z - 0.12, z + 0.12), x, floor) for x in (-axle, axle) for z in (-wide, wide)
    ]
    return np.logical_or.reduce([body, cabin, *wheels])


def torus(space: Space, random: np.random.Generator) -> Filled:
    """A ring, tilted."""
    thickness = random.uniform(0.16, 0.28)
    radius = random.uniform(0.45, 0.95 - thickness)
    return space.ring(radius, thickness, random.uniform(0, math.pi / 2))


Shape = Callable[[Space, np.random.Generator], Filled]
SHAPES: dict[str, Shape] = {"chair": chair, "table": table, "lamp": lamp, "car": car, "torus": torus}


def volume(shape: str, side: int, random: np.random.Generator) -> Filled:
    """One of SHAPES, [side, side, side]."""
    return SHAPES[shape](Space(side), random)


def originals(side: int) -> Originals:
    """As many of each shape, in turn; each is drawn from a stream of its own."""
    train, test = (_split(side, part, count) for part, count in COUNTS.items())
    return Originals(list(SHAPES), 1, train, test, field=voxels(side))


def _split(side: int, part: str, count: int) -> Split:
    labels, names = np.arange(count) % len(SHAPES), list(SHAPES)

    def drawn(row: int) -> Filled:
        return volume(names[labels[row]], side, np.random.default_rng(seed_of(0, f"shapes to {part}", row)))

    def batches() -> Iterator[torch.Tensor]:
        for start in range(0, count, _BATCH):
            filled = np.stack([drawn(row) for row in range(start, min(start + _BATCH, count))])
            yield torch.from_numpy(np.where(filled, 255, 0).astype(np.uint8))[:, None]

    return Split(labels, batches)


def _legs(space: Space, wide: float, deep: float, leg: float, y: Ends) -> Filled:
    """Four, at the corners of a plate."""
    of_x, of_z = (((-end, leg - end), (end - leg, end)) for end in (wide, deep))
    return np.logical_or.reduce([space.box(x, y, z) for x in of_x for z in of_z])
