"""Folders of images, and zips of them.

Class folders, one flat folder (no classes: unconditional), or train/ and test/ that hold either; wrappers
such as `my-set/images/` around them don't matter. val/ is never trained on: where there is no test/ it is the
test part, else it is left out. One class is none. Hidden files and files that are no images are left out.
"""

import os
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from pipeline.data.decoded import Decoded
from pipeline.data.images import EXTENSIONS, decode
from pipeline.data.originals import Originals, Split, hold_out
from pipeline.data.progress import items_bar
from pipeline.errors import UserError
from pipeline.files import atomic_path

_VALIDATION = {"val", "valid", "validation"}
_SPLITS = {"train", "test", *_VALIDATION}
_NAMED = 10  # broken files that a message names


def download(path: str, raw: Path) -> None:
    """Copy the images of the folder or zip `path` to `raw`, so that DVC sees their content.

    `raw` appears whole or not at all. UserError if there is nothing fit to train on.
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
        _Tree(part, path).splits()  # refuse it now, while the path it came from is in front of the user
        if left_out:
            used = sum(1 for file in part.rglob("*") if file.is_file())
            by_count = sorted(left_out.items(), key=lambda pair: (-pair[1], pair[0]))
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in by_count)
            print(f"{path}: {used:,} images; left out: {kinds}")


def load(path: str, raw: Path, test_fraction: float | None, size: int) -> Originals:
    """Open what `download` copied, scaled to `size`; `path` is where the user has it, for messages.

    Images without test/ need `test_fraction`, which is held out of every class.
    """
    if not raw.is_dir():
        raise UserError(f"{raw} is missing: run `python -m stages.download`")
    tree = _Tree(raw, path)
    found = tree.splits()
    if "test" not in found and test_fraction is None:
        raise UserError(f"data.test_fraction is needed: {path} has no train/ and test/; try 0.1")
    if "test" in found and test_fraction is not None:
        raise UserError(f"data.test_fraction must be null: {path} has its own test/ (or val/)")
    classes = found["train"].classes
    remarks = list(tree.remarks())
    if len(classes) == 1:
        remarks.append(f"one class ({classes[0]}): the images are taken as without classes")
        classes = []
    files = [file for listing in found.values() for file in listing.files]
    labels = np.concatenate([listing.labels for listing in found.values()])
    pictures = Decoded(raw.parent, size)
    _decode(files, tree, pictures)
    parts = _without_copies(found, pictures.hashes, test_fraction)
    copies = len(files) - sum(map(len, parts))
    if copies:
        remarks.append(f"left out of the test part: {copies:,} exact copies of other images")
    train, test = (Split(labels[rows], partial(pictures.batches, rows)) for rows in parts)
    return Originals(classes, max(pictures.channels), train, test, tuple(remarks))


@dataclass(frozen=True)
class _Listing:
    """The image files of a split and their labels, int64 [N]; no classes: one flat folder."""

    classes: list[str]
    files: list[Path]
    labels: np.ndarray


@dataclass(frozen=True)
class _Tree:
    """Folders of images at `root`, called `name` in messages."""

    root: Path
    name: str

    def shown(self, path: Path) -> str:
        return (PurePosixPath(self.name) / path.relative_to(self.root)).as_posix()

    def splits(self) -> dict[str, _Listing]:
        """Find `train`, and `test` where there is one; UserError names what is in the way."""
        top = _inside_wrappers(self.root)
        names = {path.name for path in top.iterdir()}
        if not names & _SPLITS:
            return {"train": self._listing(top)}
        held_out = "test" if "test" in names else next(iter(sorted(names & _VALIDATION)), None)
        if "train" not in names or held_out is None or names - _SPLITS:
            found = ", ".join(sorted(names)[:5])
            raise UserError(
                f"{self.shown(top)}: expected train/ and test/ (or val/) and nothing beside them, "
                f"found {found}"
            )
        listings = {"train": self._listing(top / "train"), "test": self._listing(top / held_out)}
        if listings["train"].classes != listings["test"].classes:
            lone = ", ".join(sorted(set(listings["train"].classes) ^ set(listings["test"].classes)))
            raise UserError(f"{self.shown(top)}: only one of train/ and {held_out}/ has the classes {lone}")
        return listings

    def remarks(self) -> Iterator[str]:
        """Yield what became of validation folders, a line each."""
        top = _inside_wrappers(self.root)
        folders = {path.name for path in top.iterdir()}
        for name in sorted(folders & _VALIDATION if "train" in folders else ()):
            if "test" in folders:
                yield f"{name}/ is left out: test/ is what scores are taken on"
            else:
                yield f"{name}/ is the test part: there is no test/"

    def _listing(self, top: Path) -> _Listing:
        """List class folders in the order of their names, or one flat folder."""
        folders, loose = _folders(top), _files(top)
        if not folders and not loose:
            raise UserError(f"{self.shown(top)} has no images in it ({', '.join(EXTENSIONS)} are known)")
        if not folders:
            return _Listing([], loose, np.zeros(len(loose), np.int64))
        if loose:
            raise UserError(f"{self.shown(loose[0])} lies beside class folders: move it into one")
        files, labels = [], []
        for label, folder in enumerate(folders):
            of_class = sorted(path for path in folder.rglob("*") if path.is_file())
            if not of_class:
                raise UserError(f"the class folder {self.shown(folder)} has no images: fill it or remove it")
            files += of_class
            labels += [label] * len(of_class)
        return _Listing([folder.name for folder in folders], files, np.array(labels, np.int64))


def _decode(files: list[Path], tree: _Tree, pictures: Decoded) -> None:
    """Take all the files into `pictures`; UserError names those that are broken."""
    broken = {}
    with items_bar() as bar:
        for file in bar.track(files, description="decode"):
            name = tree.shown(file)
            try:
                picture = decode(file, name)
            except UserError as error:
                broken[name] = error
            else:
                pictures.add(picture)
    if len(broken) == 1:
        raise next(iter(broken.values()))
    if broken:
        more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        raise UserError(
            f"{len(broken)} files can't be read as images: {', '.join(list(broken)[:_NAMED])}{more}; "
            "replace them or take them out"
        )


def _without_copies(
    found: dict[str, _Listing], hashes: list[str], fraction: float | None
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


def _inside_wrappers(folder: Path) -> Path:
    """Go down while there is nothing but one folder."""
    while len(_folders(folder)) == 1 and not _files(folder):
        folder = _folders(folder)[0]
    return folder


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir())


def _files(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_file())


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
