"""One trainer a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import UserError


@contextmanager
def only_trainer(folder: Path) -> Iterator[None]:
    """Hold the run's lock; a second trainer of the same run is refused with UserError."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout:
        raise UserError(f"{folder} is locked: another process is training this very run") from None
