"""The ways a stage ends early, each told in one line."""

import difflib
from typing import Any


class UserError(Exception):
    """Something asked for can't be done as asked (a wrong parameter, a missing file): exit code 2."""


class RunError(Exception):
    """Something that should have worked did not (a full disk, a run that diverged): exit code 1."""


class Stopped(KeyboardInterrupt):
    """The user or the machine asked a run to stop, and what was done is saved: exit code 130."""


def unknown(value: Any, options: list[str]) -> str:
    """What to say of a name that is none of `options`: the nearest of them, or all."""
    near = difflib.get_close_matches(str(value), options, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(options)} is expected"
    return f"unknown {value!r}; {hint}"
