"""Where things lie that outlive a run of DVC's."""

import os
from pathlib import Path


def project() -> Path:
    """The project's folder, relative to the working folder.

    `dvc exp run --temp` and queued runs work in a copy of the project that goes away; DVC_ROOT is the project
    itself.
    """
    return Path(os.path.relpath(os.environ.get("DVC_ROOT") or "."))


def resume_root() -> Path:
    """Where states to go on from lie, a folder a run; ignored by git and DVC."""
    return project() / ".resume"
