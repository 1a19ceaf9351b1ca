"""What there is in a folder or zip of pictures: counted by names, and some of them looked at."""

import io
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import numpy as np
import torch

from pipeline.checks import UNEQUAL
from pipeline.data.alike import Alike
from pipeline.data.copying import is_image, is_visible, kind, walk
from pipeline.data.images import decode, digest, fit
from pipeline.data.progress import items_bar
from pipeline.data.tree import Tree
from pipeline.errors import UserError
from pipeline.planning.machine import Stopwatch

MOST, SECONDS = 2000, 15.0  # pictures looked at, and for how long, at most
SHOWN = 24  # pictures on the contact sheet
Read = Callable[[str], bytes]


@dataclass(frozen=True)
class Found:
    """Counts of all pictures, and what those that were looked at are like."""

    path: str
    train: dict[str, int]  # pictures by class; one entry, "", without classes
    test: int  # pictures in test/ (or val/); 0: there is none
    remark: str  # why folders were not taken as classes; empty: they were, or there are none
    left_out: Counter[str]  # other files, by their endings
    size: int  # bytes of all pictures
    looked: int  # pictures that were looked at, broken ones too
    broken: list[str]
    sides: list[tuple[int, int]]  # height and width of each
    coloured: int
    copies: int  # to the pixel, of another
    near: list[tuple[str, str]]
    seconds: float  # to decode one
    shown: list[torch.Tensor]  # the first, and the longest, uint8 [C, H, W]

    @property
    def count(self) -> int:
        """Pictures to train on, with those that are yet to be held out."""
        return sum(self.train.values())

    @property
    def classes(self) -> int:
        """How many classes there are; 0: none."""
        return len(self.train) if len(self.train) > 1 else 0

    @property
    def ratios(self) -> list[float]:
        """Of the long side to the short, of each that was looked at."""
        return [max(sides) / min(sides) for sides in self.sides]

    @property
    def unequal(self) -> bool:
        """Whether some class has far fewer pictures than another."""
        return max(self.train.values()) > UNEQUAL * min(self.train.values())


def look(path: str) -> Found:
    """Count and look; UserError where there are no pictures."""
    source = Path(path).expanduser()
    if source.is_dir():
        return _look(path, *_of_folder(source))
    if not zipfile.is_zipfile(source):
        raise UserError(f"--from {path}: there is no such folder or .zip")
    with zipfile.ZipFile(source) as archive:
        every = [member for member in archive.infolist() if not member.is_dir()]
        sizes = {member.filename: member.file_size for member in every}
        return _look(path, sizes, archive.read)


def _of_folder(source: Path) -> tuple[dict[str, int], Read]:
    files = [name for name in walk(source) if (source / name).is_file()]
    sizes = {name.as_posix(): (source / name).stat().st_size for name in files}
    return sizes, lambda name: (source / name).read_bytes()


def _look(path: str, sizes: dict[str, int], read: Read) -> Found:
    visible = [name for name in sizes if is_visible(PurePosixPath(name))]
    names = sorted(name for name in visible if is_image(PurePosixPath(name)))
    left_out = Counter(kind(PurePosixPath(name)) for name in visible if not is_image(PurePosixPath(name)))
    if not names:
        there = ", ".join(f"{count:,} {ending}" for ending, count in left_out.most_common(5)) or "nothing"
        raise UserError(f"--from {path}: no pictures there, {there}; .jpg, .png, .webp and .tif are known")
    train, test, remark = _layout(path, names)
    size = sum(sizes[name] for name in names)
    return Found(path, train, test, remark, left_out, size, **_seen(names, read))


def _layout(path: str, names: list[str]) -> tuple[dict[str, int], int, str]:
    """Pictures to train on by class, those in test/, and why folders are no classes where they are none.

    By the rules of tree.py, on empty files of the same names.
    """
    with TemporaryDirectory() as folder:
        for name in names:
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).touch()
        remark = ""
        try:
            parts = Tree(Path(folder), path).splits()
        except UserError as error:
            parts = Tree(Path(folder), path, classes=False).splits()
            remark = str(error)
        listing = parts["train"]
        counts = np.bincount(listing.labels, minlength=len(listing.classes) or 1).tolist()
        test = len(parts["test"].files) if "test" in parts else 0
        return dict(zip(listing.classes or [""], counts, strict=True)), test, remark


def _seen(names: list[str], read: Read) -> dict[str, object]:
    """Decode some, evenly from all, until there are enough or it took long."""
    chosen = np.random.default_rng(0).permutation(len(names))[:MOST]
    alike, kept, hashes = Alike(), [], Counter()
    broken, sides, coloured, shown = [], [], 0, []
    watch = Stopwatch(torch.device("cpu"))
    with items_bar() as bar:
        for row in bar.track(chosen.tolist(), description="look"):
            try:
                picture = decode(io.BytesIO(read(names[row])), names[row])
            except UserError:
                broken.append(names[row])
                continue
            hashes[digest(picture)] += 1
            kept.append(names[row])
            sides.append(tuple(picture.shape[1:]))
            coloured += len(picture) == 3
            alike.add(fit(picture[None], 32, 1)[0, 0].numpy())
            shown = _longest([*shown, picture])
            if watch.clock > SECONDS:
                break
    copies = sum(hashes.values()) - len(hashes)
    near = [(kept[one], kept[other]) for one, other in alike.pairs()]
    return {
        "looked": len(kept) + len(broken),
        "broken": broken,
        "sides": sides,
        "coloured": coloured,
        "copies": copies,
        "near": near,
        "seconds": watch.seconds / (len(kept) + len(broken)),
        "shown": shown,
    }


def _longest(pictures: list[torch.Tensor]) -> list[torch.Tensor]:
    """Of more pictures than are shown, leave out the most square of the second half."""
    if len(pictures) <= SHOWN:
        return pictures
    half = pictures[SHOWN // 2 :]
    ratios = [max(picture.shape[1:]) / min(picture.shape[1:]) for picture in half]
    del half[int(np.argmin(ratios))]
    return pictures[: SHOWN // 2] + half
