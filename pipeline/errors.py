"""The ways a stage ends early, each told in one line."""


class UserError(Exception):
    """Something asked for can't be done as asked (a wrong parameter, a missing file): exit code 2."""


class RunError(Exception):
    """Something that should have worked did not (a full disk, a run that diverged): exit code 1."""


class Stopped(KeyboardInterrupt):
    """The user or the machine asked a run to stop, and what was done is saved: exit code 130."""
