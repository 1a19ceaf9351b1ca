"""Folders of images, and zips of them, laid out as pipeline/data/tree.py says.

One class is none. Hidden files and files that are no images are left out.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.data.aside import choose_aside
from pipeline.data.decoded import Decoded
from pipeline.data.images import decode
from pipeline.data.originals import Originals, Split, hold_out
from pipeline.data.progress import items_bar
from pipeline.data.tree import Listing, Tree
from pipeline.errors import UserError
from pipeline.params import PLAINLY, DataParams, PictureParams

NAMED = 10  # files that a message names
# from a file, and what messages call it, to the pictures of a row, uint8 [1 or 3, H, W] each
Read = Callable[[Path, str], Sequence[torch.Tensor]]


def load(data: DataParams, raw: Path) -> Originals:
    """Open what `download` copied, scaled to `data.size`.

    Images without test/ need `data.test_fraction`, which is held out of every class.
    """
    pictures = data.pictures or PLAINLY
    tree = replace(opened(data.path, raw), classes=pictures.classes == "folders")
    found = tree.splits()
    check_fraction(data.path, data.test_fraction, has_test="test" in found)
    read = partial(alone, background=pictures.background)
    return originals(
        tree, found, data.test_fraction, data.size, read, pictures=pictures, set_aside=data.set_aside
    )[0]


def opened(path: str, raw: Path) -> Tree:
    """What `download` copied from `path`."""
    if not raw.is_dir():
        raise UserError(f"{raw} is missing: run `python -m stages.download`")
    return Tree(raw, path)


def check_fraction(
    path: str,
    test_fraction: float | None,
    *,
    has_test: bool,
    lacks: str = "train/ and test/",
    has: str = "test/ (or val/)",
) -> None:
    """UserError unless the test part is either there or to be held out; `lacks`, `has`: what is called so."""
    if not has_test and test_fraction is None:
        raise UserError(f"data.test_fraction is needed: {path} has no {lacks}; try 0.1")
    if has_test and test_fraction is not None:
        raise UserError(f"data.test_fraction must be null: {path} has its own {has}")


def alone(file: Path, name: str, background: str = "white") -> list[torch.Tensor]:
    """The picture of a row that has no other."""
    return [decode(file, name, background)]


def originals(
    tree: Tree,
    found: dict[str, Listing],
    test_fraction: float | None,
    size: int,
    read: Read = alone,
    count: int = 1,
    pictures: PictureParams = PLAINLY,
    set_aside: int = 0,
) -> list[Originals]:
    """Decode what was found: as many as `read` gives pictures of a row, `count`, with the same rows.

    Of the remarks the first has all. Of training pictures but those that will be set aside there are further
    squares and repetitions, at the end, as `pictures` says.
    """
    classes, remarks = found["train"].classes, list(tree.remarks())
    if len(classes) == 1:
        remarks.append(f"one class ({classes[0]}): the images are taken as without classes")
        classes = []
    every = [file for listing in found.values() for file in listing.files]
    taken = [Decoded(tree.root.parent, size, pictures.square) for _ in range(count)]
    broken = _decode(every, tree, read, taken)
    if broken:
        _refuse(broken, tree, pictures)
        remarks.append(f"left out, broken: {named([tree.shown(file) for file in broken])}")
        found = {part: listing.without(broken.keys()) for part, listing in found.items()}
        _check_none_is_empty(tree, found)
    files = [file for listing in found.values() for file in listing.files]
    labels = np.concatenate([listing.labels for listing in found.values()])
    hashes = ["".join(row) for row in zip(*(decoded.hashes for decoded in taken), strict=True)]
    train, test = _without_copies(found, hashes, test_fraction)
    copies = len(files) - len(train) - len(test)
    if copies:
        remarks.append(f"left out of the test part: {copies:,} exact copies of other images")
    remarks += _shapes(taken[0], pictures.square)
    remarks += _near_copies(taken[0], [tree.shown(file) for file in files])
    labels = np.concatenate([labels, labels[taken[0].further_of]])
    learnt = np.delete(train, choose_aside(labels[train], labels[test], set_aside)) if len(test) else train
    further = _further(taken[0], learnt, labels, pictures)
    if pictures.balance:
        remarks.append(f"classes balanced: {len(further):,} training pictures beside the {len(train):,}")
    parts = np.concatenate([train, further]), test
    return [
        Originals(
            classes,
            max(decoded.channels),
            *_splits(decoded, labels, parts),
            further=len(further),
            remarks=tuple(remarks),
        )
        for decoded in taken
    ]


def _decode(files: list[Path], tree: Tree, read: Read, taken: list[Decoded]) -> dict[Path, UserError]:
    """Take the pictures of all the files in; returns the files that are broken, each with what is wrong."""
    broken = {}
    with items_bar() as bar:
        for file in bar.track(files, description="decode"):
            try:
                row = read(file, tree.shown(file))
            except UserError as error:
                broken[file] = error
                continue
            for decoded, picture in zip(taken, row, strict=True):
                decoded.add(picture)
    return broken


def _refuse(broken: dict[Path, UserError], tree: Tree, pictures: PictureParams) -> None:
    """UserError names the files that are broken, unless they are to be skipped."""
    if pictures.broken == "skip":
        return
    if len(broken) == 1:
        raise next(iter(broken.values()))
    raise UserError(
        f"{len(broken)} files can't be read as images: {named([tree.shown(file) for file in broken])}; "
        "replace them or take them out"
    )


def _check_none_is_empty(tree: Tree, found: dict[str, Listing]) -> None:
    """UserError where nothing is left of a part, or of a class of it."""
    for part, listing in found.items():
        counts = np.bincount(listing.labels, minlength=len(listing.classes) or 1)
        if not counts.all():
            which = f"class {listing.classes[counts.argmin()]!r}" if listing.classes else f"part {part}"
            raise UserError(f"{tree.name}: every file of the {which} is broken")


def _shapes(taken: Decoded, way: str) -> list[str]:
    """What became of pictures that are no squares."""
    words = {
        "centre": "the square in the middle is taken",
        "pad": "all of each is taken, its edges repeated",
        "several": "the square in the middle is taken, to train on also both ends",
    }
    oblong = sum(ratio > 1 for ratio in taken.ratios)
    if not oblong:
        return []
    return [
        f"{oblong:,} of {len(taken.ratios):,} pictures are no squares (up to {max(taken.ratios):.1f} to 1): "
        f"{words[way]}"
    ]


def _near_copies(taken: Decoded, names: Sequence[str]) -> list[str]:
    """A line on pictures that are nearly, not to the pixel, like others."""
    pairs = [pair for pair in taken.alike.pairs() if len({taken.hashes[row] for row in pair}) == 2]
    if not pairs:
        return []
    shown = "; ".join(f"{names[one]} and {names[other]}" for one, other in pairs[:3])
    return [f"{len(pairs):,} pictures are near copies of others, and are taken all the same: {shown}"]


def _further(
    taken: Decoded, learnt: NDArray[np.int64], labels: NDArray[np.int64], pictures: PictureParams
) -> NDArray[np.int64]:
    """Rows to train on beside those that are `learnt` from: further squares of them, and repetitions."""
    further = len(taken.channels) + np.flatnonzero(np.isin(taken.further_of, learnt))
    if not pictures.balance:
        return further
    rows = np.concatenate([learnt, further])
    counts = np.bincount(labels[rows])
    repeated = [
        np.resize(rows[labels[rows] == label], counts.max())[count:] for label, count in enumerate(counts)
    ]
    return np.concatenate([further, *repeated])


def named(names: Collection[str]) -> str:
    """The first of many names."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(list(names)[:NAMED]) + more


def _splits(
    pictures: Decoded, labels: NDArray[np.int64], parts: Sequence[NDArray[np.int64]]
) -> Iterator[Split]:
    return (Split(labels[rows], partial(pictures.batches, rows)) for rows in parts)


def _without_copies(
    found: dict[str, Listing], hashes: list[str], fraction: float | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to train on and rows to test on, among the images of train/ and after them those of test/.

    `fraction` is held out where there is no test part, and copies of other images are kept out of it. Of
    images with equal `hashes` one is held out, or all are trained on.
    """
    train, keys = found["train"], np.array(hashes)
    count = len(train.files)
    if "test" in found:
        return np.arange(count), count + np.flatnonzero(~np.isin(keys[count:], keys[:count]))
    first = np.sort(np.unique(keys, return_index=True)[1])
    held_out = first[hold_out(train.labels[first], fraction, train.classes)[1]]
    return np.flatnonzero(~np.isin(keys, keys[held_out])), held_out
