"""How folders of images are laid out.

Class folders, one flat folder (no classes: unconditional), or train/ and test/ that hold either; wrappers
such as `my-set/images/` around them don't matter. val/ is never trained on: where there is no test/ it is the
test part, else it is left out.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from pipeline.errors import UserError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")  # of images

_VALIDATION = {"val", "valid", "validation"}
_SPLITS = {"train", "test", *_VALIDATION}


@dataclass(frozen=True)
class Listing:
    """The image files of a split and their labels, int64 [N]; no classes: one flat folder."""

    classes: list[str]
    files: list[Path]
    labels: np.ndarray

    def without(self, files: Set[Path]) -> "Listing":
        """The same without some of its files."""
        kept = [number for number, file in enumerate(self.files) if file not in files]
        return Listing(self.classes, [self.files[number] for number in kept], self.labels[kept])


@dataclass(frozen=True)
class Tree:
    """Folders of images inside `root`, which is called `name` in messages."""

    root: Path
    name: str
    within: str = "."  # the part of it that counts
    classes: bool = True  # each folder is one; else no folder is, however they are nested

    @property
    def top(self) -> Path:
        """The folder that holds more than one folder."""
        return _inside_wrappers(self.root / self.within)

    def shown(self, path: Path) -> str:
        """What a message calls a path inside."""
        return (PurePosixPath(self.name) / path.relative_to(self.root)).as_posix()

    def splits(self) -> dict[str, Listing]:
        """Find `train`, and `test` where there is one; UserError names what is in the way."""
        top = self.top
        names = {path.name for path in top.iterdir()}
        if not names & _SPLITS:
            return {"train": self.listing(top)}
        held_out = "test" if "test" in names else next(iter(sorted(names & _VALIDATION)), None)
        if "train" not in names or held_out is None or names - _SPLITS:
            raise self.unexpected("train/ and test/ (or val/)")
        listings = {"train": self.listing(top / "train"), "test": self.listing(top / held_out)}
        self.check_classes(listings, f"train/ and {held_out}/")
        return listings

    def check_classes(self, listings: dict[str, Listing], shown: str) -> None:
        """UserError where two listings, called `shown` in messages, have unlike classes."""
        one, other = (listing.classes for listing in listings.values())
        if one != other:
            lone = ", ".join(sorted(set(one) ^ set(other)))
            raise UserError(f"{self.shown(self.top)}: only one of {shown} has the classes {lone}")

    def unexpected(self, expected: str) -> UserError:
        """What to say where the top holds something else."""
        found = ", ".join(sorted(path.name for path in self.top.iterdir())[:5])
        return UserError(
            f"{self.shown(self.top)}: expected {expected} and nothing beside them, found {found}"
        )

    def remarks(self) -> Iterator[str]:
        """Yield what became of validation folders, a line each."""
        folders = {path.name for path in self.top.iterdir()}
        for name in sorted(folders & _VALIDATION if "train" in folders else ()):
            if "test" in folders:
                yield f"{name}/ is left out: test/ is what scores are taken on"
            else:
                yield f"{name}/ is the test part: there is no test/"

    def listing(self, top: Path) -> Listing:
        """List class folders in the order of their names, or one flat folder."""
        folders, loose = _folders(top), _files(top)
        if not self.classes:
            folders, loose = [], sorted(path for path in top.rglob("*") if path.is_file())
        if not folders and not loose:
            raise UserError(f"{self.shown(top)} has no images in it ({', '.join(EXTENSIONS)} are known)")
        if not folders:
            return Listing([], loose, np.zeros(len(loose), np.int64))
        if loose:
            raise UserError(
                f"{self.shown(loose[0])} lies beside class folders: move it into one, or set "
                "data.pictures.classes to none"
            )
        files, labels = [], []
        for label, folder in enumerate(folders):
            of_class = sorted(path for path in folder.rglob("*") if path.is_file())
            if not of_class:
                raise UserError(f"the class folder {self.shown(folder)} has no images: fill it or remove it")
            files += of_class
            labels += [label] * len(of_class)
        return Listing([folder.name for folder in folders], files, np.array(labels, np.int64))


def _inside_wrappers(folder: Path) -> Path:
    """Go down while there is nothing but one folder."""
    while len(_folders(folder)) == 1 and not _files(folder):
        folder = _folders(folder)[0]
    return folder


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir())


def _files(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_file())
