"""The two ways a stage ends badly, each told in one line."""


class UserError(Exception):
    """Something asked for can't be done as asked (a wrong parameter, a missing file): exit code 2."""


class RunError(Exception):
    """Something that should have worked did not (a full disk, a run that diverged): exit code 1."""
