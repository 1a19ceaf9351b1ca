"""What shapes a result beside parameters and data: the code that a stage reaches, and what it runs on.

Said once here, for the hash in the exported file, for the states that a run goes on from, and for the lists
in dvc.yaml, which a test compares. A git revision would not do: a file can't hold the hash of the commit that
it is part of, so a rebuild from that commit would differ. The revision is on the MLflow run.
"""

import ast
import functools
import hashlib
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from pipeline.files import sha256_of

ROOT = Path(__file__).parents[1]  # of `pipeline` and `stages`

# rooms whose files are imported by a name that params.yaml gives
BY_NAME = {"pipeline/systems": "${model.kind}", "pipeline/datasets": "${data.dataset}"}
# rooms whose files are found by listing them: all count for who imports the room itself
LISTED = {"pipeline/scoring/figures"}
# What talks to people, or refuses; it does not shape a result. (Parameters are tracked by their values.)
TALK = {
    "pipeline/__init__.py",
    "pipeline/champion.py",
    "pipeline/checks.py",
    "pipeline/data/progress.py",
    "pipeline/errors.py",
    "pipeline/export/consent.py",
    "pipeline/inference/errors.py",
    "pipeline/loading.py",
    "pipeline/params.py",
    "pipeline/places.py",
    "pipeline/tracking.py",
    "pipeline/training/guard.py",
    "pipeline/training/progress.py",
    "pipeline/training/resumable.py",
    "pipeline/training/stopping.py",
    "stages/__init__.py",
    "stages/guarded.py",
    "stages/run.py",
}
# whose versions may change what a stage writes
SHAPING = (
    "jinja2",
    "matplotlib",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxscript",
    "pillow",
    "safetensors",
    "scikit-learn",
    "scipy",
    "torch-fidelity",
    "torchvision",
)


def code_hash(kind: str) -> str:
    """SHA-256 over all the code that trains a generator of this kind, as hex.

    That is each file that stages/train.py reaches, and of the systems the one of that kind alone with what it
    reaches.
    """
    return hash_of(reached("stages/train.py") | reached(f"pipeline/systems/{kind}.py"))


def hash_of(files: Iterable[str]) -> str:
    """SHA-256 over the names and the contents of files of the project, as hex."""
    parts = [f"{name} {sha256_of(ROOT / name)}" for name in sorted(files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def listed(stage: str) -> list[str]:
    """The files that dvc.yaml lists for a stage: what it reaches, and what it imports by name.

    A list can't depend on which file that is beyond its own name, so all that such files share is in it.
    """
    files = set(reached(f"stages/{stage}.py"))
    for room, chosen in BY_NAME.items():
        if f"{room}/__init__.py" in files:
            every = {_from_root(path) for path in (ROOT / room).glob("*.py")} - files
            files |= {name for file in every for name in reached(file)} - every | {f"{room}/{chosen}.py"}
    return sorted(files)


def environment() -> dict[str, str]:
    """The versions and the machine that results depend on; the same at each start."""
    import torch  # late: the hash of the code can be had without

    versions = {}
    for name in SHAPING:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    if accelerator is None and torch.backends.mps.is_available():
        accelerator = "mps"
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        **versions,
        "system": f"{sys.platform} {platform.machine()}",
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
        "accelerator": accelerator or "none",
    }


@functools.cache
def reached(file: str) -> frozenset[str]:
    """All files of the project that `file` imports, directly or not, itself included: paths from the root.

    With the templates beside them, without what only talks, without empty ones. What is imported by name
    alone (the file of one system) is not seen.
    """
    todo, seen = [file], set()
    while todo:
        name = todo.pop()
        if name not in seen and name not in TALK:
            seen.add(name)
            todo += _imported(ROOT / name)
            if name.endswith("/__init__.py") and name.removesuffix("/__init__.py") in LISTED:
                todo += [_from_root(path) for path in (ROOT / name).parent.glob("*.py")]
    templates = {path for name in seen for path in (ROOT / name).parent.glob("*.html")}
    seen |= {_from_root(path) for path in templates}
    return frozenset(name for name in seen if (ROOT / name).read_text(encoding="utf-8").strip())


def _imported(file: Path) -> list[str]:
    """The project's files that `file` imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    found = [_module_file(name) for name in names if name.split(".")[0] in ("pipeline", "stages")]
    return [_from_root(path) for path in found if path]


def _module_file(name: str) -> Path | None:
    path = ROOT / Path(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def _from_root(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
