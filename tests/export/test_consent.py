"""A generator in git is replaced by one of other parameters with consent alone, asked for first."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import RunError, UserError
from pipeline.params import Params
from stages import train as stage
from tests.conftest import tiny

Project = Callable[[dict[str, Any]], Params]
GENERATOR = Path("exported/cdcgan.onnx")


@pytest.fixture
def tracked(project: Project) -> Params:
    """A project whose generator of these parameters is in git."""
    params = project(tiny("cdcgan"))
    GENERATOR.parent.mkdir()
    GENERATOR.write_bytes(b"good")
    GENERATOR.with_suffix(".json").write_text(json.dumps({"params_hash": params.fingerprint()}))
    for command in (["init", "--quiet"], ["add", "exported"]):
        subprocess.run(["git", *command], check=True)
    return params


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Params]:
    """The trainings that were not refused: here none is made."""
    found: list[Params] = []
    monkeypatch.setattr(stage, "train", lambda params, *_: found.append(params))
    return found


def more_epochs(**export: bool) -> dict[str, Any]:
    content = tiny("cdcgan")
    content["train"]["epochs"] += 1
    content["export"] |= export
    return content


def is_refused_before_training(params: Params, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        stage.main(params)
    assert not Path(".resume").exists()


def test_other_parameters_are_refused_before_training(tracked: Params, project: Project) -> None:
    is_refused_before_training(
        project(more_epochs()), UserError, r"made of other parameters.*export\.replace"
    )


def test_the_same_parameters_and_consent_and_another_name_are_not(
    tracked: Params, project: Project, begun: list[Params]
) -> None:
    allowed = [tracked, project(more_epochs(replace=True)), project(more_epochs() | {"name": "another"})]
    for params in allowed:
        stage.main(params)
    assert begun == allowed


@pytest.mark.parametrize("harm", ["damaged", "absent"])
def test_where_git_fails_it_is_refused(
    tracked: Params, project: Project, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    if harm == "absent":
        monkeypatch.setenv("PATH", os.devnull)
    else:
        Path(".git/index").write_bytes(b"damaged")
    is_refused_before_training(project(more_epochs()), RunError, "whether it is tracked")


def test_without_a_repository_nothing_is_asked(project: Project, begun: list[Params]) -> None:
    GENERATOR.parent.mkdir()
    GENERATOR.write_bytes(b"of an earlier run")
    params = project(more_epochs())
    stage.main(params)
    assert begun == [params]


def test_consent_is_part_of_no_hash(project: Project) -> None:
    assert project(more_epochs(replace=True)).fingerprint() == project(more_epochs()).fingerprint()
