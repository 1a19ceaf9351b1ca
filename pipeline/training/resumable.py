"""The saved states of runs: a folder each, kept until the generator that came of it is exported.

DVC may be killed after a training has ended and before it has its results in its cache: then it deletes them.
"""

import time
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from pipeline import files
from pipeline.params import Params
from pipeline.places import resume_root

MADE_FROM, FINISHED = "made-from.json", "finished"


class Saved(NamedTuple):
    """What lies in one folder."""

    folder: Path
    finished: bool  # trained to the last step
    in_use: bool  # by a trainer at this moment
    age: float  # seconds since it was last written to
    size: int  # bytes


def describe(folder: Path, params: Params, digest: str) -> None:
    """Note in `folder` whose states it holds: `params`, and the digest of the data."""
    files.write_json(folder / MADE_FROM, _made_from(params, digest))


def mark_finished(folder: Path) -> None:
    """Note that the run in `folder` is at its last step and has written its results."""
    (folder / FINISHED).touch()


def forget_exported(params: Params, digest: str) -> None:
    """Delete the states of finished runs of these parameters and data: their generator is safe elsewhere."""
    made_from = _made_from(params, digest)
    for saved in all_saved():
        about = saved.folder / MADE_FROM
        if saved.finished and not saved.in_use and about.exists() and files.read_json(about) == made_from:
            files.remove(saved.folder)


def all_saved() -> list[Saved]:
    """Every folder of states, the one that was written to last at the end."""
    folders = [path for path in resume_root().glob("*-*/") if list(path.glob("*.pt")) or is_locked(path)]
    return sorted((_look_at(folder) for folder in folders), key=lambda saved: -saved.age)


def is_locked(folder: Path) -> bool:
    """Whether a process trains in `folder`."""
    if not (folder / "lock").exists():
        return False
    try:
        with FileLock(folder / "lock", timeout=0):
            return False
    except Timeout:
        return True


def _look_at(folder: Path) -> Saved:
    found = [path.stat() for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    newest = max((one.st_mtime for one in found), default=folder.stat().st_mtime)
    size = sum(one.st_size for one in found)
    return Saved(folder, (folder / FINISHED).exists(), is_locked(folder), time.time() - newest, size)


def _made_from(params: Params, digest: str) -> dict[str, str]:
    return {"name": params.name, "params": params.fingerprint(), "data": digest}
