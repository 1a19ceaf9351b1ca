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
    and `target` stays as it was; what a killed process left is removed by the next. A full disk is told as
    RunError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        writer = left.name.split(".")[-2]
        if writer.isdigit() and not psutil.pid_exists(int(writer)):
            remove(left)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    remove(part)
    try:
        yield part
        if part.is_dir():
            remove(target)
        os.replace(part, target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RunError(
                f"{target}: the disk is full; free some room and run the same command again"
            ) from error
        raise
    finally:
        remove(part)


def remove(path: Path) -> None:
    """Delete a file or a folder with all it holds; one that is not there is fine."""
    with suppress(FileNotFoundError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def write_bytes(target: Path, data: bytes) -> None:
    """Write `target` whole or not at all."""
    with atomic_path(target) as part:
        part.write_bytes(data)


def write_json(target: Path, value: Any) -> None:
    """Write `value` as readable JSON with a stable layout."""
    write_bytes(target, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
