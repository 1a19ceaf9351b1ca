"""Files appear whole or not at all, and are read up to a limit."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.inference.errors import InferenceError


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Yield a name beside `target`, with its ending, to write to; move it into place. Folders are made."""
    part = target.with_name(f".{os.getpid()}.part.{target.name}")
    try:
        if not target.parent.exists():
            target.parent.mkdir(parents=True)
        try:
            yield part
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InferenceError(f"{target}: can't be written: {error.strerror or error}") from error


def read_at_most(path: Path, limit: int) -> bytes:
    """Return a regular file's bytes; InferenceError if it is another thing, too large or can't be read."""
    try:
        if not path.is_file():
            raise InferenceError(f"{path}: not a regular file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InferenceError(f"{path}: can't be read: {error.strerror}") from error
    if len(data) > limit:
        raise InferenceError(f"{path}: larger than {limit:,} bytes")
    return data


def write_csv(records: Sequence[Mapping[str, object]], target: Path) -> None:
    """Write records as CSV, a line each under a line of their keys; a file's name need not be text."""
    import csv

    options = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}
    with appearing(target) as part, part.open("w", **options) as file:
        table = csv.DictWriter(file, records[0], lineterminator="\n")
        table.writeheader()
        table.writerows(records)
