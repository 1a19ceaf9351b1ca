"""Lines for people go to stderr; what was asked for goes to stdout."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.inference.errors import InferenceError

if TYPE_CHECKING:
    import numpy as np


def say(message: str) -> None:
    """Print a line for people on stderr."""
    print(message, file=sys.stderr)


def write(data: bytes) -> None:
    """Write to file descriptor 1, past the text layer, whose buffer would outlive a reader that goes away."""
    try:
        with open(1, "wb", closefd=False) as stdout:
            stdout.write(data)
    except OSError as error:
        raise InferenceError(f"stdout: can't be written: {error.strerror}") from error


def write_json(value: Any) -> None:
    """Write `value` to stdout as JSON, in ASCII: a name in it can't steer a terminal."""
    import json

    write(json.dumps(value, indent=2).encode() + b"\n")


def write_table(rows: list[dict[str, object]]) -> None:
    """Write rows with the same keys to stdout, under a line of the keys; numbers to the right."""
    cells = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [not isinstance(value, str) for value in rows[0].values()]
    lines = []
    for line in cells:
        aligned = [
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(line, widths, right, strict=True)
        ]
        lines.append("  ".join(aligned).rstrip())
    write("\n".join([*lines, ""]).encode())


def progress(batches: "Iterator[np.ndarray]", count: int) -> "Iterator[np.ndarray]":
    """Yield the batches of `count` pictures, with a bar on stderr where that is a terminal."""
    import typer

    with typer.progressbar(length=count, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch))


@contextmanager
def steps_bar() -> Iterator[Callable[[int, int], None]]:
    """Yield what is to be told the steps done and all steps: a bar on stderr where that is a terminal."""
    import typer

    with typer.progressbar(length=1, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def told(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield told
