"""Under what conditions the figures were taken: without them they mean nothing."""

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from pipeline.data.prepared import WORDS, Prepared
from pipeline.files import sha256_of
from pipeline.params import EvaluateParams
from pipeline.scoring import spread
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figures import modules
from pipeline.scoring.judges.judge import Judge, judge_device

PACKAGES = ("torch", "numpy", "scipy", "onnxruntime")


def protocol(file: Path, evidence: Evidence, prepared: Prepared, params: EvaluateParams) -> dict[str, Any]:
    """All that a figure depends on beside the generator, as plain values."""
    seen = "" if evidence["floor_part"] == "aside" else ", which the judges and the generator learnt from"
    return {
        "generator": {"file": file.name, "sha256": sha256_of(file)},
        "data": {"name": prepared.dataset, "digest": prepared.digest, "size": prepared.size}
        | {"field": evidence["field"]},
        "judges": {name: _identity(judge) for name, judge in evidence["judges"].items()},
        "inception": {"sha256": evidence["inception"].sha256} if "inception" in evidence else None,
        "samples_asked_for": params.samples,
        "samples": len(evidence["fake"]),
        "labels": "in the test images' class shares" if "labels" in evidence else "none",
        "compared_with": f"{len(evidence['test']):,} {WORDS[evidence['test_part']]}",
        "real": f"{len(evidence['floor']):,} {WORDS[evidence['floor_part']]}{seen}",
        "told_from": f"{len(evidence['unseen']):,} real images that the generator did not learn from",
        "seed": params.seed,
        "constants": _constants(),
        "device": str(judge_device()),
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        "code": code_hash(),
    }


def code_hash() -> str:
    """SHA-256 over the source of all that scores, as hex."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(" ".join(sha256_of(source) for source in sources).encode()).hexdigest()


def _constants() -> dict[str, Any]:
    found = {"bootstrap draws": spread.DRAWS}
    for module in modules():
        found |= getattr(module, "CONSTANTS", {})
    return found


def _version(package: str) -> str:
    """As installed; ONNX Runtime has another name where it brings CUDA."""
    try:
        return version(package)
    except PackageNotFoundError:
        return version(f"{package}-gpu")


def _identity(judge: Judge) -> dict[str, Any]:
    return {
        key: judge.description[key] for key in ("sha256", "architecture", "task", "accuracy", "tested_on")
    }
