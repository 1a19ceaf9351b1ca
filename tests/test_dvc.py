"""dvc.yaml against the code: an edit that changes a result reruns its stage, and no other edit does."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.provenance import reached

ROOT = Path(__file__).parents[1]
STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_are_what_the_stage_imports(stage: str) -> None:
    expected = set(reached(f"stages/{stage}.py"))
    if "pipeline/systems/__init__.py" in expected:
        expected.add("pipeline/systems/${model.kind}.py")  # imported by name
    listed = {dep for dep in STAGES[stage]["deps"] if dep.startswith(("pipeline/", "stages/"))}
    assert listed == expected


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "software"])
def test_every_stage_depends_on_software_and_machine(stage: str) -> None:
    assert "software.json" in STAGES[stage]["deps"]


def test_training_does_not_depend_on_inference() -> None:
    assert not [name for name in reached("stages/train.py") if name.startswith("pipeline/inference")]
