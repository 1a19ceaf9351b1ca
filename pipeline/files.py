"""Files that are either whole or absent, and their checksums."""

import errno
import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from pipeline.errors import RunError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` to write to (a file or a folder); move it into place if all went well.

    A reader sees the old content or the new, never a part of it. On an error what was written is removed
    and `target` stays as it was; what a killed process left is put back or removed by the next. A full disk
    is told as RunError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _recover(target)
    part = _beside(target, "part")
    remove(part)
    try:
        yield part
        if target.is_dir() or (part.is_dir() and target.exists()):
            _exchange(part, target)
        else:
            os.replace(part, target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RunError(
                f"{target}: the disk is full; free some room and run the same command again"
            ) from error
        raise
    finally:
        remove(part)


def _beside(target: Path, what: str) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.{what}")


def _exchange(part: Path, target: Path) -> None:
    """Where one of the two is a folder: no rename replaces it in one go."""
    old = _beside(target, "old")
    os.replace(target, old)
    try:
        os.replace(part, target)
    except OSError:
        os.replace(old, target)
        raise
    remove(old)


def _recover(target: Path) -> None:
    """Of what dead processes left beside `target`: put back what it was, remove what it was to be."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*"):
        writer, _, what = left.name.removeprefix(f".{target.name}.").partition(".")
        if what not in ("part", "old") or not writer.isdigit() or psutil.pid_exists(int(writer)):
            continue
        if what == "old" and not target.exists():  # killed between the two moves
            os.replace(left, target)
        else:
            remove(left)


def remove(path: Path) -> None:
    """Delete a file or a folder with all it holds; one that is not there is fine."""
    with suppress(FileNotFoundError):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def write_bytes(target: Path, data: bytes) -> None:
    """Write `target` whole or not at all."""
    with atomic_path(target) as part:
        part.write_bytes(data)


def write_json(target: Path, value: Any) -> None:
    """Write `value` as readable JSON with a stable layout."""
    write_bytes(target, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """What `write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
