"""torchvision imports through one door, beside a CPU build of torch too."""

import re
from pathlib import Path

from pipeline.data._torchvision import torchvision

ROOT = Path(__file__).parents[2]


def test_the_parts_in_use_are_there():
    assert torchvision.datasets.MNIST.resources
    assert torchvision.transforms.v2.functional.resize
    assert torchvision.utils.make_grid


def test_nothing_else_imports_torchvision():
    door = ROOT / "pipeline" / "data" / "_torchvision.py"
    files = [path for part in ("pipeline", "stages") for path in (ROOT / part).rglob("*.py") if path != door]
    pattern = re.compile(r"^\s*(import|from) torchvision", re.MULTILINE)
    assert not [path for path in files if pattern.search(path.read_text(encoding="utf-8"))]
