"""`gan-infer`: an exported file, run on the command line."""

from pipeline.inference.cli.infer import app, main

__all__ = ["app", "main"]
