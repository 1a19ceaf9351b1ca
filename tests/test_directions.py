"""Imports point one way: no circles, and each room reaches only what it may."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "pipeline").rglob("*.py")
}


def statements(body: list[ast.stmt], *, late: bool) -> Iterator[ast.stmt]:
    """All statements; with `late` also those in functions, else those that run at import."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if late or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for field in ("body", "orelse", "finalbody"):
                yield from statements(getattr(node, field, []), late=late)


def imported(module: str, *, late: bool) -> set[str]:
    """The modules of the project that one imports."""
    names = set()
    for node in statements(ast.parse(FILES[module].read_text(encoding="utf-8")).body, late=late):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {
                full if (full := f"{node.module}.{alias.name}") in FILES else node.module
                for alias in node.names
            }
    return {name for name in names if name.split(".")[0] in ("pipeline", "stages")}


def test_there_is_no_circle() -> None:
    graph = {module: imported(module, late=False) & FILES.keys() - {module} for module in FILES}
    list(TopologicalSorter(graph).static_order())  # which raises, and names the circle


SYSTEMS = ("pipeline.systems.base", "pipeline.systems.adversarial")
# what starts so may import nothing that starts so
FORBIDDEN = [
    ("pipeline", ("stages",)),
    ("pipeline.fields", ("pipeline",)),
    ("pipeline.systems", ("pipeline.training", "pipeline.scoring", "pipeline.export", "pipeline.report")),
    ("pipeline.game", ("pipeline.training", "pipeline.systems", "pipeline.scoring")),
    ("pipeline.stabilisers", ("pipeline.training", "pipeline.systems", "pipeline.game")),
    ("pipeline.training", ("pipeline.scoring", "pipeline.export", "pipeline.report", "pipeline.inference")),
    ("pipeline.scoring", ("pipeline.training", "pipeline.export", "pipeline.report", "pipeline.systems")),
    ("pipeline.datasets", ("pipeline.training", "pipeline.systems", "pipeline.scoring")),
]


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


@pytest.mark.parametrize(("room", "forbidden"), FORBIDDEN)
def test_a_room_reaches_only_what_it_may(room: str, forbidden: tuple[str, ...]) -> None:
    found = [
        (module, name)
        for module in FILES
        if within(module, room)
        for name in imported(module, late=True)
        if any(within(name, other) for other in forbidden)
    ]
    assert not found


def test_inference_imports_fields_and_kinds_alone() -> None:
    allowed = ("pipeline.inference", "pipeline.kinds", "pipeline.fields")
    for module in FILES:
        if within(module, "pipeline.inference") or within(module, "pipeline.kinds"):
            for name in imported(module, late=True) - {"pipeline"}:
                assert any(within(name, room) for room in allowed), (module, name)


def test_no_system_imports_another() -> None:
    for module in FILES:
        if within(module, "pipeline.systems") and module not in SYSTEMS:
            others = {name for name in imported(module, late=True) if within(name, "pipeline.systems")}
            assert others <= {*SYSTEMS, "pipeline.systems"}, module
