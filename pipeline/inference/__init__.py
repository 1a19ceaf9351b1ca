"""Run an exported generator with ONNX Runtime: no torch, and nothing of the rest of the pipeline."""

from typing import Any

__all__ = ["Generator"]


def __getattr__(name: str) -> Any:
    """Import `Generator` when it is first asked for, so that the package itself costs nothing to import."""
    if name == "Generator":
        from pipeline.inference.contract.generator import Generator

        return Generator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
