"""Change something in a sample, or in a picture that is looked for in the latent space."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.inference.console import say
from pipeline.inference.contract import attributes, vectors
from pipeline.inference.contract.factors import factors
from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.opening import opened
from pipeline.inference.contract.walks import DEVIATION, latents
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import strips
from pipeline.inference.output.choices import choose_label
from pipeline.inference.output.drawing import Output
from pipeline.kinds import image as image_kind
from pipeline.kinds.shared.values import number


class Changes(NamedTuple):
    """What is asked for: the options of the same names."""

    attributes: Sequence[str]
    directions: Sequence[str]
    plus: Sequence[str]
    minus: Sequence[str]
    vectors: Path | None


def edit(
    path: Path,
    changes: Changes,
    digit: str | None,
    seed: int | None,
    image: str | None,
    steps: int,
    output: Output,
    device: str,
) -> None:
    """Write the picture of a seed, or of the file `image`, with the changes made."""
    if not any(changes[:4]):
        raise InferenceError("say what to change: --attribute, --direction, or --plus and --minus")
    if bool(changes.plus) != bool(changes.minus):
        raise InferenceError("--plus and --minus go together: what some have, and others have not")
    if image is not None and seed is not None:
        raise InferenceError("--seed and --image each say what to edit: choose one")
    with opened(path, device, what=Generator) as generator:
        step = _step(generator, path, changes)
        others = generator.others([seed or 0])
        if image is None:
            (z,) = latents(generator, [seed or 0])
        else:
            (z,), digit = _found(generator, [image], digit)
        strips.edit(generator, z, step, others, digit, steps, output)


def _step(generator: Generator, path: Path, changes: Changes) -> np.ndarray:
    """Return the sum of all that is to be changed, [z_dim]."""
    about = generator.description
    step = np.zeros(about.z_dim)
    if changes.attributes:
        known = _attributes(generator, changes)
        for text in changes.attributes:
            name, amount = _amount("--attribute", text, known)
            step += amount * known[name]
    if changes.directions:
        rows = factors(path, about.noise, about.z_dim) * DEVIATION[about.latent]
        known = {str(place): row for place, row in enumerate(rows, 1)}
        for text in changes.directions:
            place, amount = _amount("--direction", text, known)
            step += amount * known[place]
    if changes.plus:
        step += _mean(generator, changes.plus) - _mean(generator, changes.minus)
    return step


def _attributes(generator: Generator, changes: Changes) -> dict[str, np.ndarray]:
    """The steps by name: those of the file --vectors, and where that lacks one, those that are measured."""
    found = [] if changes.vectors is None else vectors.read(changes.vectors, generator.description)
    names = {each.name for each in found}
    if any(text.partition("=")[0] not in names for text in changes.attributes):
        found = [*attributes.measured(generator)[0], *found]
    return {each.name: each.step for each in found}


def _amount(option: str, text: str, known: dict[str, np.ndarray]) -> tuple[str, float]:
    """Return the name and the amount that NAME=AMOUNT says."""
    name, equals, amount = text.partition("=")
    if not equals:
        raise InferenceError(f"{option} {text}: say how far, {text}=+2")
    if name not in known:
        names = list(known)
        said = ", ".join(names) if option == "--attribute" else f"{names[0]} to {names[-1]}"
        raise InferenceError(f"{option} {text}: known are {said}")
    try:
        return name, number(amount)
    except InferenceError as error:
        raise InferenceError(f"{option} {text}: {error}") from None


def _mean(generator: Generator, samples: Sequence[str]) -> np.ndarray:
    """Return the mean latent [z_dim] of samples by their seeds and of pictures by their files."""
    seeds = [int(text) for text in samples if re.fullmatch("[0-9]{1,9}", text)]
    files = [text for text in samples if not re.fullmatch("[0-9]{1,9}", text)]
    parts = [latents(generator, seeds)] if seeds else []
    if files:
        parts.append(_found(generator, files, None)[0])
    return np.concatenate(parts).mean(0)


def _found(generator: Generator, files: Sequence[str], digit: str | None) -> tuple[np.ndarray, str | None]:
    """Return the latents [N, z_dim] nearest to pictures, and the class of the first."""
    from pipeline.inference.contract.inversion import invert

    about = generator.description
    field = about.sought()
    targets = np.concatenate([image_kind.read(file, field, about.name) for file in files])
    label = choose_label(about, digit)
    found = invert(generator, targets, None if label is None else np.full(len(files), label))
    for file, error in zip(files, found.error, strict=True):
        say(f"{file}: found, with a mean squared error of {error:.4g}")
    return found.z, None if found.labels is None else about.classes[found.labels[0]]
