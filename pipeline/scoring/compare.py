"""Any exported generators, held against the same images and put into one table."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from pipeline.data.prepared import Part, Prepared
from pipeline.errors import UserError
from pipeline.files import write_bytes, write_json
from pipeline.params import EvaluateParams
from pipeline.scoring.evidence import draw_samples, open_generator, refer
from pipeline.scoring.figure import rounded
from pipeline.scoring.figures import score
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.protocol import protocol
from pipeline.scoring.spread import interval
from pipeline.scoring.table import number, protocol_line, titles
from pipeline.scoring.translations import made

Scores = dict[str, Any]  # the protocol, and every figure by its key, as in scores.json


def compare(
    files: Sequence[Path],
    prepared: Prepared,
    judges: dict[str, Judge],
    params: EvaluateParams,
    against: Part = "test",
) -> dict[str, Scores]:
    """The scores of each generator on a part of the data, by a name that tells it from the others.

    Where a figure's spread is known, those after the first have `from_first`: how far they are from the first
    one's, with the interval of that difference. Real images and noise are looked at once for all. UserError
    for a file that makes no such images.
    """
    names, say = names_of(files), Console(stderr=True)
    generators = [open_generator(file, prepared) for file in files]
    for file, generator in zip(files, generators, strict=True):
        if made(generator) != prepared.tables[0].images:
            raise UserError(f"{file} makes {made(generator)}: python -m stages.evaluate scores it alone")
    reference = refer(prepared, judges, params, against)
    scores = {}
    for name, file, generator in zip(names, files, generators, strict=True):
        say.print(f"{name}: generator {len(scores) + 1} of {len(files)}", highlight=False)
        evidence = draw_samples(generator, reference, prepared)
        scores[name] = {"protocol": protocol(file, evidence, prepared, params)} | score(evidence)
    first, *others = scores.values()
    for other in others:
        for key in (key for key, figure in other.items() if "draws" in figure and key in first):
            other[key]["from_first"] = _difference(other[key], first[key])
    return {name: rounded(entry) | {"protocol": entry["protocol"]} for name, entry in scores.items()}


def _difference(figure: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, float]:
    """From draws that are paired: what the choice of test images does to both goes out."""
    value = figure["value"] - first["value"]
    return {"value": value} | interval(value, figure["draws"] - first["draws"])


def names_of(files: Sequence[Path]) -> list[str]:
    """The end of each path, without .onnx, as short as no other has it; UserError for a file named twice."""
    paths = [Path(os.path.abspath(file)).with_suffix("").parts for file in files]
    names = []
    for file, path in zip(files, paths, strict=True):
        if paths.count(path) > 1:
            raise UserError(f"{file} is named twice: each generator has one column")
        ends = (path[-depth:] for depth in range(1, len(path) + 1))
        own = next(end for end in ends if sum(other[-len(end) :] == end for other in paths) == 1)
        names.append(str(Path(*own)))
    return names


def comparison(scores: Mapping[str, Scores]) -> Table:
    """One column a generator, one row a figure, and the conditions below."""
    header, *rows = _cells(scores)
    table = Table(caption=_conditions(scores), box=SIMPLE, padding=(0, 1), pad_edge=False, show_edge=False)
    for index, title in enumerate(header):
        table.add_column(title, justify="left" if index in (0, len(header) - 1) else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def write_markdown(target: Path, scores: Mapping[str, Scores]) -> None:
    """Write the same table for a README."""
    header, *rows = _cells(scores)
    rule = ["---", *["---:"] * (len(header) - 2), "---"]
    lines = [f"| {' | '.join(row)} |" for row in (header, rule, *rows)]
    write_bytes(target, "\n".join([*lines, "", f"{_conditions(scores)}.", ""]).encode())


WRITERS = {".md": write_markdown, ".json": write_json}  # the JSON has the intervals and the noise as well


def _cells(scores: Mapping[str, Scores]) -> list[list[str]]:
    """The header and a row for each figure that any generator has; a dash where another has none."""
    rows = [["figure", *scores, "real", "good"]]
    known = {key: words for entry in scores.values() for key, words in titles(entry).items()}
    for key, (label, good) in known.items():
        real = next(number(entry[key]["real"]) for entry in scores.values() if key in entry)
        rows.append([label, *(_cell(entry.get(key, {})) for entry in scores.values()), real, good])
    return rows


def _cell(figure: Mapping[str, Any]) -> str:
    """A value with half its interval; ≈ where the first generator's can't be told from it."""
    text = number(figure.get("value"))
    if "low" in figure:
        text += f" ± {(figure['high'] - figure['low']) / 2:.1g}"
    difference = figure.get("from_first")
    return f"{text} ≈" if difference and difference["low"] <= 0 <= difference["high"] else text


def _conditions(scores: Mapping[str, Scores]) -> str:
    """The protocol, which is the same for all of them."""
    shared = next(iter(scores.values()))["protocol"]
    alike = "" if len(scores) == 1 else "; ≈: not told from the first by this many images (95 %)"
    return f"{protocol_line(shared)}; real: {shared['real']}{alike}"
