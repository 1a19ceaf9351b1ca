"""One trainer a run, and none without its parent."""

import ctypes
import signal
import sys
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


def die_with_parent() -> None:
    """Ask Linux to end this process with its parent: `kill -9` of dvc must not leave a trainer behind."""
    if sys.platform == "linux":
        parent_death_signal = 1  # PR_SET_PDEATHSIG, see prctl(2)
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGTERM)
