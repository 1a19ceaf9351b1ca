"""A record beside the originals of what they were made from: with it, an unchanged source costs no copy.

It holds hashes of names, sizes and times of files, so it is checked in milliseconds, without torch or a
network. DVC does not track it; where it is lost, the originals are fetched or copied once more.
"""

import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path

from pipeline.files import write_json
from pipeline.params import DataParams
from pipeline.provenance import hash_of, reached


def is_unchanged(data: DataParams, raw: Path) -> bool:
    """Whether the originals in `raw` are what a download would bring, as far as names, sizes and times tell.

    A folder or zip that can't be reached now (a disk that was taken out) counts as unchanged.
    """
    try:
        recorded = json.loads(_file(raw).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    now = state(data) | {"originals": _tree(raw, changes=False)}
    path = data.origin().path
    gone = path is not None and not Path(path).expanduser().exists()
    if gone and now | {"source": recorded.get("source")} == recorded:
        print(f"data.path: {path} is not there; going on with the copy in {raw}")
        return True
    return now == recorded


def state(data: DataParams) -> dict[str, str]:
    """What decides which originals a download brings: the code, and the state of the source."""
    origin = data.origin()
    if origin.path is None:
        source = f"{origin.library} {version(origin.library)}"
    else:
        source = f"{origin.path} {_tree(Path(origin.path).expanduser(), changes=True)}"
        if origin.pictures and origin.pictures.limit:
            source += f" {origin.pictures.limit}"
    code = (reached(f"pipeline/datasets/{each.dataset}.py") for each in (data, origin))
    return {"code": hash_of(frozenset.union(*code)), "source": source}


def remember(before: dict[str, str], raw: Path) -> None:
    """Record that `raw` was made from what `state` gave before the download began."""
    write_json(_file(raw), before | {"originals": _tree(raw, changes=False)})


def _file(raw: Path) -> Path:
    return raw.with_name(f".{raw.name}.json")


def _tree(path: Path, changes: bool) -> str:
    """A hash over names, sizes and times of a file, or of all in a folder.

    `changes` takes the ctime in, which every write sets, also one that sets the old mtime again; but DVC sets
    it, too, when it puts the originals into its cache.
    """
    files = [path]
    for folder, folders, names in os.walk(path, followlinks=True):
        files += [Path(folder, name) for name in (*folders, *names)]
    lines = []
    for file in files:
        try:
            found = file.stat()
        except OSError:  # a link to nowhere
            continue
        times = (
            ""
            if file.is_dir()
            else f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns if changes else 0}"
        )
        lines.append(f"{file.relative_to(path)} {times}")
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()
