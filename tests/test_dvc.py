"""dvc.yaml against the code: an edit that changes a result reruns its stage, and no other edit does."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]

# What talks to people, or refuses; it does not shape a result. (Parameters are tracked by their values.)
TALK = {
    "pipeline/__init__.py",
    "pipeline/checks.py",
    "pipeline/datasets/progress.py",
    "pipeline/errors.py",
    "pipeline/inference/errors.py",
    "pipeline/params.py",
    "pipeline/tracking.py",
    "pipeline/training/guard.py",
    "pipeline/training/progress.py",
    "pipeline/training/stopping.py",
    "stages/__init__.py",
    "stages/run.py",
}


def module_file(name: str) -> Path | None:
    path = ROOT / Path(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def imported(file: Path) -> set[Path]:
    """The project's files that `file` imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = {module_file(name) for name in names if name.split(".")[0] in ("pipeline", "stages")}
    return {found for found in files if found}


def reached(stage: str) -> set[str]:
    """All that a stage imports, directly or not, with the templates beside it, apart from what only talks."""
    todo, seen = [ROOT / "stages" / f"{stage}.py"], set()
    while todo:
        file = todo.pop()
        name = file.relative_to(ROOT).as_posix()
        if name in seen or name in TALK:
            continue
        seen.add(name)
        todo += imported(file)
    seen |= {
        file.relative_to(ROOT).as_posix() for name in seen for file in (ROOT / name).parent.glob("*.html")
    }
    return {name for name in seen if (ROOT / name).read_text().strip()}


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_are_what_the_stage_imports(stage: str) -> None:
    expected = reached(stage)
    if "pipeline/models/__init__.py" in expected:
        expected.add("pipeline/models/${model.kind}.py")  # imported by name
    listed = {dep for dep in STAGES[stage]["deps"] if dep.startswith(("pipeline/", "stages/"))}
    assert listed == expected


def test_training_does_not_depend_on_inference() -> None:
    assert not [name for name in reached("train") if name.startswith("pipeline/inference")]
