"""Run an exported file with ONNX Runtime: no torch, and of the pipeline its fields and their kinds alone."""

from typing import Any

__all__ = ["Generator", "Network"]


def __getattr__(name: str) -> Any:
    """Import one of the two when it is first asked for: the package itself costs nothing to import."""
    if name == "Generator":
        from pipeline.inference.contract.generator import Generator

        return Generator
    if name == "Network":
        from pipeline.inference.contract.network import Network

        return Network
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
