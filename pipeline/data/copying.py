"""The images of a folder or a zip, copied as they are; hidden files and files that are no images stay out."""

import os
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath, PurePosixPath

from pipeline.data.progress import items_bar
from pipeline.data.tree import EXTENSIONS, Tree
from pipeline.errors import UserError
from pipeline.files import atomic_path
from pipeline.params import PLAINLY, PictureParams


def download(
    path: str,
    raw: Path,
    look: Callable[[Tree], object] = Tree.splits,
    pictures: PictureParams = PLAINLY,
) -> None:
    """Copy the images of the folder or zip `path` to `raw`, so that DVC sees their content.

    `raw` appears whole or not at all. UserError if there is nothing fit to train on: `look` says so.
    """
    source = Path(path).expanduser()
    with atomic_path(raw) as part:
        part.mkdir()
        try:
            if source.is_dir():
                left_out = copy(source, part, pictures.limit)
            elif source.is_file():
                left_out = unzip(source, part, pictures.limit)
            else:
                raise UserError(f"data.path: there is no folder or zip {path}")
        except (PermissionError, FileNotFoundError) as error:
            raise UserError(f"{error.filename} can't be read: {error.strerror}") from error
        # refuse it now, while the path it came from is in front of the user
        look(Tree(part, path, classes=pictures.classes == "folders"))
        if left_out:
            used = sum(1 for file in part.rglob("*") if file.is_file())
            print(f"{path}: {used:,} images; left out: {listed(left_out)}")


def copy(source: Path, target: Path, limit: int | None) -> Counter[str]:
    """Copy the folders, empty ones too, and the images of the folder `source`; count what else was there."""
    left_out = Counter()
    found = list(walk(source))
    beyond = beyond_limit([name for name in found if is_image(name) and not (source / name).is_dir()], limit)
    with items_bar() as bar:
        for name in bar.track([name for name in found if name not in beyond], description="copy"):
            if (source / name).is_dir():
                (target / name).mkdir(parents=True, exist_ok=True)
            elif is_image(name):
                shutil.copyfile(source / name, target / name)
            else:
                left_out[kind(name)] += 1
    return left_out


def walk(source: Path) -> Iterator[PurePath]:
    """Yield what is not hidden in a folder, parents first, links followed."""

    def refuse(error: OSError) -> None:
        raise error

    for folder, subfolders, files in os.walk(source, followlinks=True, onerror=refuse):
        subfolders[:] = [name for name in subfolders if is_visible(PurePath(name))]
        for name in [*subfolders, *filter(lambda file: is_visible(PurePath(file)), files)]:
            yield Path(folder, name).relative_to(source)


def unzip(source: Path, target: Path, limit: int | None) -> Counter[str]:
    """Unpack the folders and the images of a zip; count what else was there."""
    left_out = Counter()
    try:
        with zipfile.ZipFile(source) as archive, items_bar() as bar:
            members = {PurePosixPath(member.filename): member for member in archive.infolist()}
            beyond = beyond_limit([name for name in members if is_visible(name) and is_image(name)], limit)
            for name, member in bar.track(members.items(), description="unpack"):
                if name.is_absolute() or ".." in name.parts:
                    raise UserError(f"{source}: its member {name} points outside of it; pack it again")
                if name in beyond:
                    continue
                if is_visible(name) and (member.is_dir() or is_image(name)):
                    archive.extract(member, target)
                elif is_visible(name):
                    left_out[kind(name)] += 1
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{source} can't be unpacked ({error}): give a folder or a whole .zip") from error
    return left_out


def beyond_limit(images: Sequence[PurePath], limit: int | None) -> set[PurePath]:
    """The images that a limit leaves out: of each folder alike, evenly among its names, but two stay."""
    if limit is None or len(images) <= limit:
        return set()
    folders: dict[PurePath, list[PurePath]] = {}
    for name in sorted(images):
        folders.setdefault(name.parent, []).append(name)
    # each folder is asked for a picture when its turn comes: one of a thousand is asked ten times as often as
    # one of a hundred
    turns = sorted(
        (max(rank - 1, 0) / len(names), folder)
        for folder, names in folders.items()
        for rank in range(len(names))
    )
    quota = Counter(folder for _, folder in turns[:limit])
    kept = {
        names[rank * len(names) // quota[folder]]
        for folder, names in folders.items()
        for rank in range(quota[folder])
    }
    print(f"{len(kept):,} of {len(images):,} images are taken (data.pictures.limit)")
    return set(images) - kept


def is_visible(name: PurePath) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in name.parts)


def is_image(name: PurePath) -> bool:
    return name.suffix.lower() in EXTENSIONS


def kind(name: PurePath) -> str:
    return name.suffix.lower() or "without an ending"


def listed(kinds: Counter[str]) -> str:
    """How many files there are of each kind, in words, the most first."""
    by_count = sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count:,} {ending}" for ending, count in by_count)
