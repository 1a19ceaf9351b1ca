"""The attributes of a generator's pictures: how they are spread, and which steps in its latent move them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.inference.console import progress
from pipeline.inference.contract import directions, measures
from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.walks import along, latents
from pipeline.inference.errors import InferenceError

SAMPLES = 1000  # from which steps are found
TRIED = 100  # other samples, on which they are tried
AMOUNTS = np.linspace(-2, 2, 9)  # deviations, by which each is moved
LEAST = 10  # samples
ENDS = (0.05, 0.95)  # shares of the samples
SAME = 1e-6  # a deviation that is none


@dataclass(frozen=True)
class Attribute:
    """One attribute over samples, and the step float32 [z_dim] for one deviation more.

    `low` and `high`: 5 and 95 % of samples have less. Where there are classes, the deviation is that within
    them. `spearman` is the rank correlation of how far a sample was moved with what was then measured, the
    mean over samples; `moved` how many deviations it went for each that was asked for. None where nothing
    measures it.
    """

    name: str
    unit: str
    mean: float
    deviation: float
    low: float
    high: float
    step: np.ndarray
    spearman: float | None = None
    moved: float | None = None


def labels_in_turn(generator: Generator, count: int) -> np.ndarray | None:
    """Return the classes one after the other, int64 [count]; None without classes."""
    classes = len(generator.description.classes)
    return np.arange(count) % classes if classes else None


def classes_of(generator: Generator, labels: np.ndarray | None, seeds: Sequence[int]) -> np.ndarray:
    """Return the class of each sample, int64 [N]: its label, or the category drawn for its seed, or 0."""
    name, _ = generator.description.column
    if labels is not None or name is None:
        return np.zeros(len(seeds), np.int64) if labels is None else labels
    return generator.others(seeds)[name]


def measured(generator: Generator, count: int = SAMPLES) -> tuple[list[Attribute], np.ndarray]:
    """Return the attributes that measures.py knows, and the background of the pictures, float64 [C].

    From the samples of the seeds 0 to `count` - 1, the classes in turn. InferenceError where the pictures are
    no drawings on an even background.
    """
    seeds, labels = range(count), labels_in_turn(generator, count)
    values, background = [], None
    for pixels in progress(generator.batches(labels, seeds), count):
        background = measures.background(pixels) if background is None else background
        values.append(measures.measured(pixels, background))
    classes = classes_of(generator, labels, seeds)
    names = list(measures.ATTRIBUTES)
    return fitted(names, latents(generator, seeds), np.concatenate(values), classes), background


def fitted(names: Sequence[str], z: np.ndarray, values: np.ndarray, classes: np.ndarray) -> list[Attribute]:
    """Return the attributes `names` of samples z [N, z_dim], whose values [N, K] are known, by class [N].

    The step for one leaves the others as they are. Samples with a value that is not a number don't count.
    """
    known = np.isfinite(values).all(1)
    z, values, classes = z[known], values[known], classes[known]
    if len(values) < LEAST:
        raise InferenceError(f"{', '.join(names)}: known of {len(values)} samples; say at least {LEAST}")
    deviations = directions.centred(values, classes).std(0)
    for name, deviation in zip(names, deviations, strict=True):
        if deviation < SAME:
            raise InferenceError(f"{name} is the same in all samples of a class: nothing tells what moves it")
    steps = directions.unit_steps(directions.slopes(z, values / deviations, classes)).astype(np.float32)
    units = [measures.ATTRIBUTES[name].unit if name in measures.ATTRIBUTES else "" for name in names]
    told = [values.mean(0), deviations, *np.quantile(values, ENDS, axis=0)]
    rows = zip(names, units, *(numbers.tolist() for numbers in told), steps, strict=True)
    return [Attribute(*row) for row in rows]


def walks(
    generator: Generator, step: np.ndarray, seeds: Sequence[int], amounts: np.ndarray = AMOUNTS
) -> Iterator[np.ndarray]:
    """Yield of each seed its pictures, uint8 [T, H, W, C], moved by T amounts of a step; classes in turn."""
    labels = labels_in_turn(generator, len(seeds))
    for index, z in enumerate(latents(generator, seeds)):
        label = None if labels is None else int(labels[index])
        yield along(generator, z, step, amounts, label, generator.others(seeds[index : index + 1]))


def tried(
    generator: Generator, attribute: Attribute, background: np.ndarray, seeds: Sequence[int]
) -> Attribute:
    """Return the measured attribute with what its step does to the samples of `seeds`."""
    column = list(measures.ATTRIBUTES).index(attribute.name)
    pictures = progress(walks(generator, attribute.step, seeds), len(seeds) * len(AMOUNTS))
    values = np.stack([measures.measured(pixels, background)[:, column] for pixels in pictures])
    moved = (np.nan_to_num(values) @ AMOUNTS / (AMOUNTS @ AMOUNTS)).mean() / attribute.deviation
    return replace(attribute, spearman=float(directions.spearman(values).mean()), moved=float(moved))
