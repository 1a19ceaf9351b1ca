"""The figures: one file each, or one for a few that are measured together. No list names them.

A file holds
- FIGURES: what is said `About` each of its figures, by its key in scores.json; {} in a key is the name of a
  judge after the first;
- NEEDS: the names of the evidence without which it can't be measured;
- ORDER: when it is measured, among the files: the order of scores.json;
- CONSTANTS, where it has some that a figure depends on: by what they are called, for the protocol;
- measure(evidence): a figure for each key; fewer where they would mean nothing.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from pipeline.scoring.figure import About, Figure


def modules() -> list[ModuleType]:
    """Every file of this room, in the order of measuring."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return sorted(found, key=lambda module: module.ORDER)


def score(evidence: Mapping[str, Any]) -> dict[str, Figure]:
    """All figures whose needs were gathered; `rounded` makes them fit for a file."""
    figures: dict[str, Figure] = {}
    for module in modules():
        if evidence.keys() >= module.NEEDS:
            figures |= module.measure(evidence)
    return figures


def described(scores: Mapping[str, Any]) -> dict[str, About]:
    """What is said about each figure that was scored, in the order of the table."""
    others = list(scores["protocol"]["judges"])[1:]
    entries = [entry for module in modules() for entry in module.FIGURES.items()]
    found = {}
    for key, about in sorted(entries, key=lambda entry: entry[1].place):
        for judge in others if "{}" in key else [""]:
            if key.format(judge) in scores:
                found[key.format(judge)] = about.by(judge)
    return found
