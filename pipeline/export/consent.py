"""A generator in git is somebody's product: one of other parameters replaces it with consent alone."""

import json
import subprocess
from pathlib import Path

from pipeline.errors import RunError, UserError
from pipeline.params import Params
from pipeline.places import project


def ask_before_replacing(params: Params, target: Path) -> None:
    """UserError where `target` is tracked by git and was made of other parameters, without consent.

    RunError where git is there and can't tell whether it is tracked.
    """
    description = target.with_suffix(".json")
    in_a_copy = project() != Path(".")  # that `dvc exp run --temp` made: what it replaces is not lost
    if params.export.replace or in_a_copy or not target.exists() or not _is_tracked(target):
        return
    made_of = json.loads(description.read_text())["params_hash"] if description.exists() else None
    if made_of != params.fingerprint():
        raise UserError(
            f"{target} is tracked by git and was made of other parameters: choose another `name` in "
            "params.yaml, or set export.replace to true there to replace it"
        )


def _is_tracked(path: Path) -> bool:
    if not any((folder / ".git").exists() for folder in path.resolve().parents):
        return False
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--", str(path)], capture_output=True, text=True, check=False, timeout=60
        )
    except OSError:
        raise RunError(
            f"{path}: git can't be run, so whether it is tracked can't be told; "
            "set export.replace to true in params.yaml to replace it all the same"
        ) from None
    if listed.returncode:
        raise RunError(
            f"{path}: git can't tell whether it is tracked ({' '.join(listed.stderr.split())}); mend that, "
            "or set export.replace to true in params.yaml to replace it all the same"
        )
    return bool(listed.stdout)
