"""Latents of given pictures: what a generator would have to be fed to make them.

Adam goes down the gradient in NAME.parts/search.onnx, beside NAME.onnx (pipeline/export/search.py).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from pipeline import kinds
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.encoding import encode
from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.network import Network
from pipeline.inference.contract.parts import beside
from pipeline.inference.contract.search import Search, beside_z, drawn
from pipeline.inference.errors import InferenceError
from pipeline.kinds.mask import of as mask_of

Told = Callable[[int, int], None]  # steps done, of all

TRIAL_STEPS, TRIAL_STARTS = 50, 2  # of each class, where none is named: measured, the right one is among two
PICTURES = 16  # that are searched at once, with all their starts


class Inverted(NamedTuple):
    """A row a picture; `labels` are categories where the generator takes such, None where it takes neither.

    The error is the mean of the squared difference over all that counts, of pixels in the file's range.
    """

    z: np.ndarray  # float32 [N, z_dim]
    error: np.ndarray  # float32 [N]
    labels: np.ndarray | None  # int64 [N]


def invert(
    generator: Generator,
    targets: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
    start: np.ndarray | None = None,
    starts: int = 32,
    steps: int = 800,
    seed: int = 0,
    told: Told | None = None,
    filling: bool = False,
) -> Inverted:
    """Find the latents whose pictures are `targets`, float32 [N, C, H, W] in the file's range.

    Without `labels`, int64 [N], each class has a short trial, and the best two go on. `mask` is float32
    [N, 1, H, W], or [1, 1, H, W] for all: 1 where a pixel counts, else 0. The search begins at `start`,
    float32 [N, z_dim]; else, without a mask, at what an encoder beside the generator says; else at `starts`
    draws of `seed`, of which fewer and fewer go on (`SIEVES`), to one. 0 `steps` give the beginning and its
    error. Codes stay at the middle of their range. What is found for a picture does not
    depend on those beside it.

    `filling` descends what a hole is filled by, and gives that as the error: the sum of the absolute
    differences, weighted by the mask, and a prior (pipeline/inference/contract/inpainting.py).

    InferenceError for a generator without a search beside it, and for what does not fit it.
    """
    about = generator.description
    if starts < 1 or steps < 0 or not len(targets):
        said = f"{len(targets)} pictures, {starts} starts, {steps} steps"
        raise InferenceError(f"{said}: say 1 picture and 1 start or more, and 0 steps or more")
    _check(about, targets, labels, mask, start)
    if start is None and mask is None and (encoded := encode(generator, targets, seed)):
        start, categories = encoded
        labels = categories if labels is None else labels
    begin = drawn(about, starts, seed) if start is None else start[:, None]
    begin, masks = _for_each(targets, begin), _for_each(targets, _all(targets) if mask is None else mask)
    unknown = labels is None and about.column[0] is not None
    trial = min(TRIAL_STEPS, steps) if unknown else 0
    blocks = [slice(first, first + PICTURES) for first in range(0, len(targets), PICTURES)]
    count, found = _Count(told, len(blocks) * (trial + steps)), []
    with _search_of(generator) as network:
        for block in blocks:
            search = Search(network, about, targets[block], masks[block], start is not None, count, filling)
            own = None if labels is None else labels[block, None]
            if unknown:
                own = search.likeliest(begin[block, :TRIAL_STARTS], trial)
            found.append(Inverted(*search.best(begin[block], own, steps)))
    return Inverted(*(None if each[0] is None else np.concatenate(each) for each in zip(*found, strict=True)))


def pictures(generator: Generator, found: Inverted) -> np.ndarray:
    """Return what the generator makes of latents that were found: float32 [N, C, H, W]."""
    about = generator.description
    inputs = {about.noise: found.z} | beside_z(about, found.labels, len(found.z))
    return generator.compute(inputs)[about.picture]


class _Count:
    """Tells how many of all steps are done."""

    def __init__(self, told: Told | None, total: int) -> None:
        self._told, self._done, self._total = told, 0, total

    def __call__(self) -> None:
        self._done += 1
        if self._told:
            self._told(self._done, self._total)


@contextmanager
def _search_of(generator: Generator) -> Iterator[Network]:
    with beside(generator, "search") as network:
        if network is None:
            raise InferenceError(
                f"{generator.path}: has no {generator.path.stem}.parts/search.onnx beside it, which tells "
                "where a latent has to go; `dvc repro export` writes it"
            )
        if "absolute" not in network.description.inputs:
            raise InferenceError(f"{network.path}: of an older export; `dvc repro export` writes it anew")
        yield network


def _for_each(targets: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The one row for all of them, or one for each as it is."""
    return np.broadcast_to(rows, (len(targets), *rows.shape[1:]))


def _all(targets: np.ndarray) -> np.ndarray:
    """The mask under which every pixel counts."""
    return np.ones((1, 1, *targets.shape[2:]), np.float32)


def _check(
    about: Description,
    targets: np.ndarray,
    labels: np.ndarray | None,
    mask: np.ndarray | None,
    start: np.ndarray | None,
) -> None:
    """InferenceError for arrays that don't fit the generator, or each other."""
    picture, (choice, _) = about.outputs[about.picture], about.column
    if labels is not None and choice is None:
        raise InferenceError(f"{about.name} takes no label: it can't be searched under one")
    given = {"targets": (picture, targets), "mask": (mask_of(picture), mask)}
    given["start"] = about.inputs[about.noise], start
    if choice:
        given["labels"] = about.inputs[choice], labels
    for name, (field, rows) in given.items():
        if rows is None:
            continue
        kinds.find(field.kind).check(name, field, rows)
        if len(rows) != len(targets) and not (name == "mask" and len(rows) == 1):
            raise InferenceError(f"{name}: {len(rows)} rows for {len(targets)} pictures")
