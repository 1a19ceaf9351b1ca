"""Fetch the original files of a data set from your own mirror, else from the public ones, and verify them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from rich.progress import Progress

from pipeline.data._torchvision import torchvision
from pipeline.data.progress import bytes_bar
from pipeline.errors import RunError, UserError
from pipeline.files import atomic_path

# A folder or a URL; a file is looked for under <dataset>/ in it, then directly in it.
MIRROR = "GAN_DATA_MIRROR"
_PATIENCE = 10  # seconds without an answer, or without a byte, before the next place is tried
_CHUNK = 1 << 18  # bytes


@dataclass(frozen=True)
class RemoteFile:
    """One original file and where the public finds it."""

    name: str
    md5: str
    urls: tuple[str, ...]


class _UnfitError(Exception):
    """What one place has for us is not the file; the message says why."""


def fetch(dataset: str, files: list[RemoteFile], folder: Path) -> None:
    """Bring `files` into `folder`, each whole or not at all; one that is there already stays.

    Raises UserError if GAN_DATA_MIRROR names nothing, RunError if a file can't be had or written.
    """
    own = _own_mirrors(dataset)
    with bytes_bar() as bar:
        for file in files:
            if not is_whole(file, folder):
                urls = [f"{mirror}/{quote(file.name)}" for mirror in own] + list(file.urls)
                _fetch_from_any(urls, file, files, folder, bar)


def is_whole(file: RemoteFile, folder: Path) -> bool:
    """Is the file in the folder, with the right checksum?"""
    return torchvision.datasets.utils.check_integrity(folder / file.name, file.md5)


def check_whole(files: list[RemoteFile], folder: Path) -> None:
    """UserError names the first file that is missing from the folder, or damaged."""
    for file in files:
        if not is_whole(file, folder):
            raise UserError(f"{folder / file.name} is missing or damaged: run `python -m stages.download`")


def _own_mirrors(dataset: str) -> list[str]:
    """The places that GAN_DATA_MIRROR stands for, as URLs."""
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return []
    if "://" not in mirror:
        if not Path(mirror).expanduser().is_dir():
            raise UserError(f"{MIRROR}: there is no folder {mirror}")
        mirror = Path(mirror).expanduser().resolve().as_uri()
    elif mirror.partition("://")[0] not in ("http", "https", "file"):
        raise UserError(f"{MIRROR}: {mirror} is neither a folder nor an http, https or file URL")
    mirror = mirror.rstrip("/")
    return [f"{mirror}/{dataset}", mirror]


def _fetch_from_any(
    urls: list[str], file: RemoteFile, files: list[RemoteFile], folder: Path, bar: Progress
) -> None:
    """Fetch `file` from the first URL that has it; RunError tells what each of them had."""
    problems = []
    for url in urls:
        try:
            _fetch_from(url, file, folder / file.name, bar)
            return
        except _UnfitError as problem:
            problems.append(f"{url}: {problem}")
    tried = "; ".join(problems) or "it has no public mirror"
    names = ", ".join(each.name for each in files)
    raise RunError(
        f"{file.name} can't be had ({tried}). Set {MIRROR} to a folder or URL that has {names}; "
        "or run `make quickstart`, which needs no download"
    )


def _fetch_from(url: str, file: RemoteFile, target: Path, bar: Progress) -> None:
    try:
        with atomic_path(target) as part:
            with part.open("wb") as out:
                for chunk in _read(url, file.name, bar):
                    out.write(chunk)
            _verify(part, file.md5)
    except OSError as error:  # _read tells those of the network as _UnfitError
        raise RunError(
            f"{target} can't be written ({error.strerror}): check the folder and its permissions"
        ) from error


def _read(url: str, name: str, bar: Progress) -> Iterator[bytes]:
    """Yield what a URL holds; whatever goes wrong on the way is told as _UnfitError."""
    try:
        with urlopen(Request(url, headers={"User-Agent": "gan-pipeline"}), timeout=_PATIENCE) as response:
            total = int(response.headers.get("Content-Length") or 0)
            task = bar.add_task(name, total=total or None)
            received = 0
            while chunk := response.read(_CHUNK):
                received += len(chunk)
                bar.advance(task, len(chunk))
                yield chunk
        if received < total:
            raise _UnfitError(f"cut short, {received} of {total} bytes came")
    except HTTPError as error:
        raise _UnfitError(f"HTTP {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _UnfitError(_reason(error)) from error


def _reason(error: Exception) -> str:
    """The shortest true thing to say about a failed connection: urllib wraps the cause once or twice."""
    cause = getattr(error, "reason", None) or error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def _verify(path: Path, md5: str) -> None:
    found = torchvision.datasets.utils.calculate_md5(path)
    if found == md5:
        return
    with path.open("rb") as file:
        start = file.read(64).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise _UnfitError("an HTML page in place of the file")
    raise _UnfitError(f"damaged or cut short, {path.stat().st_size} bytes with MD5 {found}, not {md5}")
