"""The scores as a table for people."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE
from rich.table import Table

from pipeline.scoring.figures import described


def titles(scores: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What people call each figure that was scored, and what is good, in the order of the table."""
    return {key: (about.title, about.good) for key, about in described(scores).items()}


def scores_table(name: str, scores: Mapping[str, Any]) -> Table:
    """One row a figure: of the samples, of real images, of pure noise. Fits 80 columns."""
    conditions = scores["protocol"]
    table = Table(
        title=f"{name}: {conditions['samples']:,} samples against {conditions['compared_with']}",
        caption=_caption(scores),
        box=SIMPLE,
        padding=0,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("figure", no_wrap=True)
    for column in ("generated", "95 %", "real", "noise"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("good", style="dim", no_wrap=True)
    for key, (label, good) in titles(scores).items():
        value, real, noise = (number(scores[key][who]) for who in ("value", "real", "noise"))
        table.add_row(label, value, spread(scores[key]), real, noise, good)
    return table


def _caption(scores: Mapping[str, Any]) -> str:
    conditions = scores["protocol"]
    data, judges = conditions["data"], conditions["judges"]
    right = ", ".join(f"{name} {judge['accuracy']:.2%}" for name, judge in judges.items())
    lines = [f"{data['name']}, {data['size']} pixels; the judges tell right: {right}"]
    lines += [
        f"{label}: {scores[key]['why']}" for key, (label, _) in titles(scores).items() if "why" in scores[key]
    ]
    return "\n".join(lines)


def key_figures(scores: Mapping[str, Any]) -> dict[str, float | str | None]:
    """One number a figure, for `dvc metrics show` and `diff`, and the protocol in a line."""
    line = protocol_line(scores["protocol"])
    return {"protocol": line} | {name: scores[name]["value"] for name in titles(scores)}


def protocol_line(conditions: Mapping[str, Any]) -> str:
    """The conditions without which the figures mean nothing."""
    inception = conditions["inception"]
    judge = next(iter(conditions["judges"].values()))
    return (
        f"{conditions['samples']:,} samples, seed {conditions['seed']}, against "
        f"{conditions['compared_with']} "
        f"of {conditions['data']['name']} at {conditions['data']['size']} pixels; "
        f"judge {judge['sha256'][:12]}; scoring {conditions['code'][:12]}"
        + (f"; Inception {inception['sha256'][:12]}" if inception else "")
    )


def number(value: float | None) -> str:
    """Four significant digits; a dash where there is no figure."""
    return "-" if value is None else f"{value:.4g}"


def spread(figure: Mapping[str, Any]) -> str:
    """The 95 % interval of a figure, or its deviation where that is what is known."""
    if "low" in figure:
        return f"{number(figure['low'])} - {number(figure['high'])}"
    return f"± {figure['deviation']:.2g}" if "deviation" in figure else ""


def confusion_csv(classes: list[str], counts: NDArray[np.int64]) -> str:
    """Counts [K, K] as CSV: a row for each class asked for, a column for each class that the judge sees."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["asked for \\ seen", *classes])
    writer.writerows([name, *row] for name, row in zip(classes, counts.tolist(), strict=True))
    return text.getvalue()
