"""Which system, how wide, at which size: by what there is to learn from, and by measured speed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.loading import load
from pipeline.params import Params


@dataclass(frozen=True)
class Start:
    """A preset to start from, and when."""

    preset: str
    conditional: bool
    least: int  # pictures from which it learns shapes
    most: float  # pictures from which on others learn more
    wants: int  # images that its training should see, with repetitions
    multiple: int = 4  # that widths can be divided by

    @cached_property
    def params(self) -> Params:
        """What the preset says."""
        return load(Path("presets", f"{self.preset}.yaml"))

    def widths(self, share: float) -> dict[str, int | list[int]]:
        """The widths of the preset's networks, narrowed, by their names under `model`."""

        def narrowed(width: int) -> int:
            return max(self.multiple, round(width * share / self.multiple) * self.multiple)

        model = self.params.model.model_dump(mode="json")
        return {
            key: [narrowed(each) for each in value] if isinstance(value, list) else narrowed(value)
            for key, value in model.items()
            if "width" in key
        }


# The only place where systems are chosen among. The first that suits and can be had in the time is taken.
STARTS = (
    Start("folder", conditional=True, least=1000, most=float("inf"), wants=200_000),
    Start("dcgan-cifar10", conditional=False, least=1000, most=float("inf"), wants=200_000),
)
SHARES = (1.0, 0.75, 0.5)  # of the preset's widths; narrower ones end in one grey texture (docs/systems.md)
SIZES = (64, 32)  # pixels a side, unless another is asked for
CLASS = 20  # pictures that a class needs at least to be one


@dataclass(frozen=True)
class Candidate:
    """A start with its widths and its size, and how fast it is."""

    start: Start
    share: float
    size: int
    rate: float  # images a second


def suiting(classes: int, smallest: int, pictures: int) -> Iterator[Start]:
    """The starts for so many pictures, with labels where there are classes that are large enough.

    Those made for more pictures come where there is none for as few.
    """
    conditional = classes > 1 and smallest >= CLASS
    fitting = [start for start in STARTS if start.conditional == conditional and pictures <= start.most]
    enough = [start for start in fitting if start.least <= pictures]
    yield from enough or sorted(fitting, key=lambda start: start.least)[:1]


def choose(
    starts: list[Start],
    sizes: list[int],
    seconds: Callable[[int], float],
    measure: Callable[[Start, float, int], float],
) -> Candidate:
    """The first candidate that sees as many images as it wants, else the one that comes nearest to it.

    seconds: how long it may train at a size. measure: images a second of a start, its widths' share, a size.
    """
    best, reached = None, -1.0
    for size in sizes:
        for start in starts:
            for share in SHARES:
                rate = measure(start, share, size)
                part = rate * seconds(size) / start.wants
                if part > reached:
                    best, reached = Candidate(start, share, size, rate), part
                if part >= 1:
                    return best
    return best
