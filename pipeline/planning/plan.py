"""From what was found and how fast the machine is to a plan that fits the time."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.data.aside import FEWEST
from pipeline.errors import UserError
from pipeline.params import Params
from pipeline.planning import choice, machine, said
from pipeline.planning.choice import Candidate, Start
from pipeline.planning.estimate import Speed, Work, beside_training
from pipeline.planning.found import Found
from pipeline.planning.split import FEW, Split, split_of

LONG = 1.5  # sides of most pictures: above, ends are worth keeping
AUGMENTED = 5000  # pictures; with fewer the discriminator learns them by heart
SCORED, JUDGED = 0.2, 0.2  # of the time, at most, for what grows with samples, and with the judges' epochs
TRAINED = 60.0  # seconds of training, at least
SPARE = 0.95  # of the time is planned


@dataclass(frozen=True)
class Plan:
    """What is to be written into params.yaml, and why."""

    start: Start
    changes: dict[str, Any]  # by path, such as "train.epochs"
    seconds: float
    images: int
    rate: float
    said: list[str]


def plan(found: Found, name: str, size: int | None, minutes: float, quick: bool) -> Plan:
    """The plan; UserError where there are too few pictures, or too little time on this machine."""
    if found.count + found.test < FEW or (found.test and found.test < FEWEST):
        raise UserError(
            f"--from {found.path}: {found.count} pictures to train on, {found.test} in test/: too few; "
            f"{FEWEST} or more are scored by, and as many learnt from: {FEW} in all"
        )
    starts = list(choice.suiting(found.classes, min(found.train.values()), found.count))
    sizes = _sizes(found, starts, size, quick)
    speeds = {side: _speed(found, starts[0], side) for side in sizes}
    while True:
        budgets = {side: _budget(found, starts[0], speeds[side], side, minutes) for side in sizes}
        most = max(budget.training for budget in budgets.values())
        if most >= TRAINED:
            break
        needed = math.ceil(minutes + (TRAINED - most) / 60 / SPARE)
        if not quick:
            raise UserError(
                f"--minutes {minutes:g}: all but training takes {minutes * SPARE - most / 60:.0f} minutes on "
                f"this machine; say {needed} or more"
            )
        minutes = needed
    sizes = [side for side in sizes if budgets[side].training >= TRAINED]
    best = choice.choose(
        starts,
        sizes,
        lambda side: budgets[side].training,
        lambda start, share, side: _measured(found, start, share, side, budgets[side]),
    )
    return _written(found, name, best, budgets[best.size], minutes)


@dataclass(frozen=True)
class Budget:
    """At one size: what there is to do beside training, and how long may be trained."""

    split: Split
    epochs: dict[str, int]  # of each judge
    samples: int
    beside: float  # seconds
    training: float


def _sizes(found: Found, starts: list[Start], size: int | None, quick: bool) -> list[int]:
    """Pixels a side to try, the largest first; none that pictures would be blown up for, if not asked for."""
    known = {side for start in starts for side in start.params.model.sizes}
    if size is not None:
        if size not in known:
            raise UserError(f"--size {size}: {', '.join(map(str, sorted(known)))} can be made")
        return [size]
    middle = float(np.median([min(sides) for sides in found.sides] or [32]))
    sizes = [side for side in choice.SIZES if side <= max(middle, min(choice.SIZES))]
    return sizes[-1:] if quick else sizes


def _channels(found: Found) -> int:
    return 3 if found.coloured else 1


def _classes(found: Found, start: Start) -> int:
    return found.classes if start.conditional else 0


def _speed(found: Found, start: Start, size: int) -> Speed:
    """Try the judges."""
    judges, classes = start.params.judges, _classes(found, start)
    each = {name: machine.judged_in(judge, _channels(found), size, classes) for name, judge in judges.items()}
    reference = machine.judged_in(next(iter(judges.values())), 3, 32, 0)
    return Speed(found.seconds, each, reference)


def _budget(found: Found, start: Start, speed: Speed, size: int, minutes: float) -> Budget:
    """Share the time out: first what must be, then scores within their share, the rest is training."""
    seconds, classes = SPARE * 60 * minutes, _classes(found, start)
    preset = start.params
    affordable = int(0.1 * seconds / (1.3 * found.seconds))
    split = split_of(found, min(found.count + found.test, affordable))
    samples = max(100, min(preset.evaluate.samples, split.aside or split.test, split.test))
    epochs = {name: judge.epochs for name, judge in preset.judges.items()}
    wanted = sum(split.learnt * epochs[name] * each for name, each in speed.judges.items())
    share = min(1.0, JUDGED * seconds / wanted)
    epochs = {name: max(1, round(share * number)) for name, number in epochs.items()}
    work = Work(split.taken, split.learnt, samples, epochs, classes)
    scores = (
        beside_training(work, speed)["evaluate"] - beside_training(replace(work, scored=0), speed)["evaluate"]
    )
    if scores > SCORED * seconds:
        samples = max(min(samples, 600), round(samples * SCORED * seconds / scores))
    beside = sum(beside_training(replace(work, scored=samples), speed).values())
    return Budget(split, epochs, samples, beside, seconds - beside)


def _batch(params: Params, split: Split) -> int:
    """The preset's, halved until an epoch has three of them."""
    batch = params.train.batch
    while batch > 8 and 3 * batch > split.learnt:
        batch //= 2
    return batch


def _measured(found: Found, start: Start, share: float, size: int, budget: Budget) -> float:
    """Images a second."""
    preset = start.params
    params = preset.model_copy(
        update={
            "data": preset.data.model_copy(update={"size": size}),
            "model": preset.model.model_copy(update=start.widths(share)),
            "train": preset.train.model_copy(update={"batch": _batch(preset, budget.split)}),
            "stabilisers": preset.stabilisers.model_copy(update=_augmentation(preset, budget.split)),
        }
    )
    return machine.trained_a_second(params, _channels(found), _classes(found, start))


def _written(found: Found, name: str, best: Candidate, budget: Budget, minutes: float) -> Plan:
    """All that params.yaml gets, and the lines that tell why."""
    start, split, preset = best.start, budget.split, best.start.params
    batch = _batch(preset, split)
    wanted = int(best.rate * budget.training)
    taken = found.count + found.test
    if wanted < split.learnt:  # not one epoch: fewer pictures are taken
        split = split_of(found, max(FEW, round(split.taken * wanted / split.learnt)))
    epochs = max(1, wanted // (split.learnt // batch * batch))
    images = epochs * (split.learnt // batch) * batch
    steps = images // batch // (preset.train.d_steps or 1)
    changes: dict[str, Any] = {
        "name": name,
        "data.path": found.path,
        "data.size": best.size,
        "data.channels": _channels(found),
        "data.test_fraction": split.fraction,
        "data.set_aside": split.aside,
        "data.pictures.classes": "folders" if start.conditional else "none",
        "data.pictures.square": _square(found),
        "data.pictures.broken": "skip",
        "data.pictures.balance": start.conditional and found.unequal,
        "data.pictures.limit": split.taken if split.taken < taken else None,
        "train.epochs": epochs,
        "train.batch": batch,
        "train.log_every": max(1, min(100, steps // 50)),
        "evaluate.samples": budget.samples,
        **{f"model.{key}": value for key, value in start.widths(best.share).items()},
        **{f"judges.{judge}.epochs": number for judge, number in budget.epochs.items()},
        # nothing has to be known so well: the report says how far the figures can be trusted
        **{f"judges.{judge}.min_accuracy": 0.0 for judge in budget.epochs},
    }
    changes |= {f"stabilisers.{key}": list(value) for key, value in _augmentation(preset, split).items()}
    lines = [*said.of_pictures(found, split, start), *said.of_the_run(found, best, images, minutes)]
    return Plan(start, changes, budget.beside + images / best.rate, images, best.rate, lines)


def _augmentation(preset: Params, split: Split) -> dict[str, tuple[str, ...]]:
    """All changes where pictures are few; else as in the preset."""
    few = split.learnt < AUGMENTED and not preset.stabilisers.augmentation
    return {"augmentation": ("colour", "translation", "cutout")} if few else {}


def _square(found: Found) -> str:
    """Of few long pictures both ends, too; else the middle."""
    return (
        "several" if found.sides and np.median(found.ratios) > LONG and found.count < AUGMENTED else "centre"
    )
