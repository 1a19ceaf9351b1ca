"""No stage outlives what started it: `kill -9` of dvc must not leave one behind.

Imported before all else, for torch alone takes a second to load; the standard library is all that it needs.
"""

import ctypes
import json
import os
import select
import signal
import sys
import threading
from pathlib import Path

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, see prctl(2)


def die_with_parent() -> None:
    """Let Linux end this process with its parent, and with dvc where a shell stands between; once is enough.

    Where either is gone already, the process ends at once.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)
    writers, ancestors = _noted_by_dvc(), _ancestors()
    if os.getppid() != parent or (writers and not writers & ancestors):
        sys.exit("error: what started this stage is gone")
    for pid in writers & ancestors - {parent}:
        threading.Thread(target=_end_with, args=(pid,), daemon=True).start()


def _end_with(pid: int) -> None:
    """Wait for the end of a process, then ask this one to stop."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        pass
    except OSError:  # a kernel that has no such thing
        return
    else:
        select.select([watched], [], [])
    os.kill(os.getpid(), signal.SIGTERM)


def _noted_by_dvc() -> set[int]:
    """The processes that DVC notes as writing outputs here; none where it did not start this one."""
    if "DVC_STAGE" not in os.environ:
        return set()
    try:
        noted = json.loads(Path(".dvc/tmp/rwlock").read_text())
        return {int(writer["pid"]) for writer in noted["write"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()  # another DVC notes it otherwise


def _ancestors() -> set[int]:
    found, pid = set(), os.getpid()
    while pid > 1:
        # the name, in brackets, may hold anything; the parent stands two fields behind it
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.add(pid)
    return found
