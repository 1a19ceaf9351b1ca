"""Folders of images, and zips of them, laid out as pipeline/data/tree.py says.

One class is none. Hidden files and files that are no images are left out.
"""

import os
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePath, PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.data.decoded import Decoded
from pipeline.data.images import EXTENSIONS, decode
from pipeline.data.originals import Originals, Split, hold_out
from pipeline.data.progress import items_bar
from pipeline.data.tree import Listing, Tree
from pipeline.errors import UserError
from pipeline.files import atomic_path

NAMED = 10  # files that a message names
# from a file, and what messages call it, to the pictures of a row, uint8 [1 or 3, H, W] each
Read = Callable[[Path, str], Sequence[torch.Tensor]]


def download(path: str, raw: Path, look: Callable[[Tree], object] = Tree.splits) -> None:
    """Copy the images of the folder or zip `path` to `raw`, so that DVC sees their content.

    `raw` appears whole or not at all. UserError if there is nothing fit to train on: `look` says so.
    """
    source = Path(path).expanduser()
    with atomic_path(raw) as part:
        part.mkdir()
        try:
            if source.is_dir():
                left_out = _copy(source, part)
            elif source.is_file():
                left_out = _unzip(source, part)
            else:
                raise UserError(f"data.path: there is no folder or zip {path}")
        except (PermissionError, FileNotFoundError) as error:
            raise UserError(f"{error.filename} can't be read: {error.strerror}") from error
        look(Tree(part, path))  # refuse it now, while the path it came from is in front of the user
        if left_out:
            used = sum(1 for file in part.rglob("*") if file.is_file())
            by_count = sorted(left_out.items(), key=lambda pair: (-pair[1], pair[0]))
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in by_count)
            print(f"{path}: {used:,} images; left out: {kinds}")


def load(path: str, raw: Path, test_fraction: float | None, size: int) -> Originals:
    """Open what `download` copied, scaled to `size`; `path` is where the user has it, for messages.

    Images without test/ need `test_fraction`, which is held out of every class.
    """
    tree = opened(path, raw)
    found = tree.splits()
    check_fraction(path, test_fraction, has_test="test" in found)
    return originals(tree, found, test_fraction, size)[0]


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


def alone(file: Path, name: str) -> list[torch.Tensor]:
    """The picture of a row that has no other."""
    return [decode(file, name)]


def originals(
    tree: Tree,
    found: dict[str, Listing],
    test_fraction: float | None,
    size: int,
    read: Read = alone,
    count: int = 1,
) -> list[Originals]:
    """Decode what was found: as many as `read` gives pictures of a row, `count`, with the same rows.

    Of the remarks the first has all.
    """
    classes, remarks = found["train"].classes, list(tree.remarks())
    if len(classes) == 1:
        remarks.append(f"one class ({classes[0]}): the images are taken as without classes")
        classes = []
    files = [file for listing in found.values() for file in listing.files]
    labels = np.concatenate([listing.labels for listing in found.values()])
    pictures = [Decoded(tree.root.parent, size) for _ in range(count)]
    _decode(files, tree, read, pictures)
    hashes = ["".join(row) for row in zip(*(decoded.hashes for decoded in pictures), strict=True)]
    parts = _without_copies(found, hashes, test_fraction)
    copies = len(files) - sum(map(len, parts))
    if copies:
        remarks.append(f"left out of the test part: {copies:,} exact copies of other images")
    return [
        Originals(classes, max(decoded.channels), *_splits(decoded, labels, parts), tuple(remarks))
        for decoded in pictures
    ]


def _decode(files: list[Path], tree: Tree, read: Read, pictures: list[Decoded]) -> None:
    """Take the pictures of all the files in; UserError names the files that are broken."""
    broken = {}
    with items_bar() as bar:
        for file in bar.track(files, description="decode"):
            name = tree.shown(file)
            try:
                row = read(file, name)
            except UserError as error:
                broken[name] = error
                continue
            for decoded, picture in zip(pictures, row, strict=True):
                decoded.add(picture)
    if len(broken) == 1:
        raise next(iter(broken.values()))
    if broken:
        raise UserError(
            f"{len(broken)} files can't be read as images: {named(broken)}; replace them or take them out"
        )


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


def _copy(source: Path, target: Path) -> Counter[str]:
    """Copy the folders, empty ones too, and the images of the folder `source`; count what else was there."""
    left_out = Counter()
    with items_bar() as bar:
        for name in bar.track(list(_walk(source)), description="copy"):
            if (source / name).is_dir():
                (target / name).mkdir(parents=True, exist_ok=True)
            elif _is_image(name):
                shutil.copyfile(source / name, target / name)
            else:
                left_out[_kind(name)] += 1
    return left_out


def _walk(source: Path) -> Iterator[PurePath]:
    """Yield what is not hidden in a folder, parents first, links followed."""

    def refuse(error: OSError) -> None:
        raise error

    for folder, subfolders, files in os.walk(source, followlinks=True, onerror=refuse):
        subfolders[:] = [name for name in subfolders if _is_visible(PurePath(name))]
        for name in [*subfolders, *filter(lambda file: _is_visible(PurePath(file)), files)]:
            yield Path(folder, name).relative_to(source)


def _unzip(source: Path, target: Path) -> Counter[str]:
    """Unpack the folders and the images of a zip; count what else was there."""
    left_out = Counter()
    try:
        with zipfile.ZipFile(source) as archive, items_bar() as bar:
            for member in bar.track(archive.infolist(), description="unpack"):
                name = PurePosixPath(member.filename)
                if name.is_absolute() or ".." in name.parts:
                    raise UserError(f"{source}: its member {name} points outside of it; pack it again")
                if _is_visible(name) and (member.is_dir() or _is_image(name)):
                    archive.extract(member, target)
                elif _is_visible(name):
                    left_out[_kind(name)] += 1
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{source} can't be unpacked ({error}): give a folder or a whole .zip") from error
    return left_out


def _is_visible(name: PurePath) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in name.parts)


def _is_image(name: PurePath) -> bool:
    return name.suffix.lower() in EXTENSIONS


def _kind(name: PurePath) -> str:
    return name.suffix.lower() or "without an ending"
