"""Walks as pictures: a strip with a step a column, or an animation with a step a frame."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from pipeline.inference import console
from pipeline.inference.contract import walks
from pipeline.inference.contract.generator import Generator
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import choices, pictures, targets
from pipeline.inference.output.drawing import Output, may_write, place

MAX_STEPS = 1000


def interpolate(
    generator: Generator,
    seeds: tuple[int, int],
    digit: str | None,
    to_digit: str | None,
    steps: int,
    output: Output,
) -> None:
    """Write the walk from one seed to another, from class `digit` to `to_digit` where that is given."""
    last = choices.choose_label(generator.description, to_digit)

    def walk(label: int | None) -> np.ndarray:
        return walks.interpolate(generator, seeds, (label, label if last is None else last), steps)

    what = "walk" if last is None else f"to-{targets.file_safe(generator.description.classes[last])}"
    _write(generator, digit, what, walk, steps, output)


def sweep(
    generator: Generator, seed: int, dimension: int, digit: str | None, steps: int, output: Output
) -> None:
    """Write what one dimension of the latent does to the picture of `seed`."""

    def walk(label: int | None) -> np.ndarray:
        return walks.sweep(generator, seed, dimension, label, steps)

    _write(generator, digit, f"dimension-{dimension}", walk, steps, output)


def edit(
    generator: Generator,
    z: np.ndarray,
    step: np.ndarray,
    others: Mapping[str, np.ndarray],
    digit: str | None,
    steps: int,
    output: Output,
) -> None:
    """Write the picture of z [z_dim] moved by `step` [z_dim]; of more `steps` the walk from -step to it."""

    def walk(label: int | None) -> np.ndarray:
        amounts = np.linspace(-1, 1, steps) if steps > 1 else np.ones(1)
        return walks.along(generator, z, step, amounts, label, others)

    _write(generator, digit, "edited", walk, steps, output, least=1)


def _write(
    generator: Generator,
    digit: str | None,
    what: str,
    walk: Callable[[int | None], np.ndarray],
    steps: int,
    output: Output,
    least: int = 2,
) -> None:
    """Write `walk(label)`, uint8 [steps, H, W, C], for each label: a row, or a place in each frame."""
    if not least <= steps <= MAX_STEPS:
        raise InferenceError(f"--steps {steps}: say {least} to {MAX_STEPS}")
    description = generator.description
    labels = choices.one_a_row(description, digit) or [None]
    name = targets.stem(description, choices.choose_label(description, digit))
    out = output.out or targets.unused(f"{name}-{what}.png")
    still = out == "-" or targets.strip(out).suffix.lower() in targets.STILLS
    if output.show and not still:
        raise InferenceError(f"--show: is for one picture or no file, not for --out {out}")
    if out != "-":
        may_write([Path(out)], output)
    _, height, width = description.image_shape
    columns = steps if steps > 1 else output.columns
    pictures.sheet_size(len(labels) * steps, columns, output.scale, height, width)
    images = np.stack([walk(label) for label in labels])
    if still:
        every = images.reshape(-1, *images.shape[2:])
        written = place(pictures.sheet(every, columns, output.scale), out, output)
    else:
        frames = [pictures.sheet(images[:, step], output.columns, output.scale) for step in range(steps)]
        pictures.save_frames(frames, Path(out))
        written = [Path(out)]
    for file in written:
        console.say(f"wrote {file}")
