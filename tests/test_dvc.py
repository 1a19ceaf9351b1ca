"""dvc.yaml against the code: an edit that changes a result reruns its stage, and no other edit does."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline import provenance
from pipeline.provenance import listed, reached
from stages.deps import with_lists

ROOT = Path(__file__).parents[1]
STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_are_what_the_stage_imports(stage: str) -> None:
    written = [dep for dep in STAGES[stage]["deps"] if dep.startswith(("pipeline/", "stages/"))]
    assert written == listed(stage), "run `python -m stages.deps --write`"


def test_writing_the_lists_leaves_all_else_of_dvc_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (ROOT / "dvc.yaml").read_text()
    assert with_lists(content.replace("      - pipeline/files.py\n", "")) == content


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The code in a folder of its own, to be added to."""
    shutil.copytree(ROOT / "pipeline", tmp_path / "pipeline")
    shutil.copytree(ROOT / "stages", tmp_path / "stages")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    reached.cache_clear()
    yield tmp_path
    reached.cache_clear()


def test_a_new_system_or_data_set_is_in_no_list(copy: Path) -> None:
    for room in ("systems", "datasets"):
        (copy / "pipeline" / room / "newest.py").write_text('"""Another one."""\n')
    assert all(listed(stage) == STAGES[stage]["deps"][: len(listed(stage))] for stage in STAGES)


def test_a_new_figure_is_in_the_lists_of_those_who_list_the_room(copy: Path) -> None:
    new, only_here = "pipeline/scoring/figures/newest.py", "pipeline/scoring/only_here.py"
    (copy / new).write_text("from pipeline.scoring import only_here\n")
    (copy / only_here).write_text('"""What no other file imports."""\n')
    stages = {stage for stage in STAGES if new in listed(stage)}
    assert stages == {"evaluate", "package", "report"}
    assert all(only_here in listed(stage) for stage in stages)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "software"])
def test_every_stage_depends_on_software_and_machine(stage: str) -> None:
    assert "software.json" in STAGES[stage]["deps"]


def test_training_does_not_depend_on_inference() -> None:
    assert not [name for name in reached("stages/train.py") if name.startswith("pipeline/inference")]


@pytest.mark.slow
def test_scoring_depends_on_no_training_and_no_report() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pipeline/scoring").rglob("*.py")}
    seen = {name for file in files for name in reached(file)}
    others = ("stages/", "pipeline/report/", "pipeline/training/")
    assert not [name for name in seen if name.startswith(others)]
