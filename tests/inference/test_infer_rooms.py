"""Which way imports point: cli -> output -> contract -> kinds -> fields, and nothing else of the project."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = ("pipeline.inference.errors", "pipeline.inference.files", "pipeline.inference.console")
KINDS = ("pipeline.kinds", "pipeline.fields")
CONTRACT = (*BASE, *KINDS, "pipeline.inference.contract")
OUTPUT = (*CONTRACT, "pipeline.inference.output")
ALLOWED = {
    "pipeline/kinds": KINDS,
    "pipeline/inference": (*BASE, *KINDS),
    "pipeline/inference/contract": CONTRACT,
    "pipeline/inference/output": OUTPUT,
    "pipeline/inference/cli": (*OUTPUT, "pipeline.inference.cli"),
}


def imported(file: Path) -> set[str]:
    """The project's modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, file
            packages = node.module in ("pipeline", "pipeline.inference")
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if packages else {node.module}
    return {name for name in found if name.partition(".")[0] in ("pipeline", "stages")}


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_what_lies_below_it(room):
    pattern = "**/*.py" if room == "pipeline/kinds" else "*.py"
    for file in (ROOT / room).glob(pattern):
        if file == ROOT / "pipeline/inference/__init__.py":  # imports its two names when they are asked for
            continue
        wrong = {name for name in imported(file) if not name.startswith(ALLOWED[room])}
        assert not wrong, file
