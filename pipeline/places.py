"""Where things lie, relative to the project's folder."""

import os
from pathlib import Path

from pipeline.params import DataParams, Params


def raw_dir(data: DataParams) -> Path:
    """The original files of a data set, from download."""
    return Path("data", "raw", data.dataset)


def prepared_dir(data: DataParams) -> Path:
    """The arrays of one size, from preprocess."""
    return Path("data", "prepared", f"{data.dataset}-{data.size}")


def judge_dir(data: DataParams, name: str, field: str = "images") -> Path:
    """The judge of that name in params.yaml, trained on the images of one field of those arrays."""
    return Path("models", "judge", prepared_dir(data).name, field, name)


def models_dir(params: Params) -> Path:
    """What training leaves: weights, history, pictures."""
    return Path("models", params.name)


def exported_file(params: Params) -> Path:
    """The ONNX file that ships; what goes with it lies beside it."""
    return Path("exported", f"{params.name}.onnx")


def metrics_dir(params: Params) -> Path:
    """The scores of what ships, their pictures, and the report."""
    return Path("metrics", params.name)


def project() -> Path:
    """The project's folder, relative to the working folder.

    `dvc exp run --temp` and queued runs work in a copy of the project that goes away; DVC_ROOT is the project
    itself.
    """
    return Path(os.path.relpath(os.environ.get("DVC_ROOT") or "."))


def resume_root() -> Path:
    """Where states to go on from lie, a folder a run; ignored by git and DVC."""
    return project() / ".resume"
