"""The scores as a table for people."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE
from rich.table import Table

# Every figure, in the order of the table: what people call it, and what is good.
TITLES = {
    "judge_fid": ("judge-FID", "low"),
    "judge_fid_infinity": ("judge-FID, extrapolated", "low"),
    "second_judge_fid": ("second judge's FID", "low"),
    "judge_kid": ("judge-KID", "0"),
    "inception_fid": ("Inception-FID", "low"),
    "inception_kid": ("Inception-KID", "0"),
    "precision": ("precision", "high"),
    "recall": ("recall", "high"),
    "density": ("density", "as real"),
    "coverage": ("coverage", "high"),
    "label_accuracy": ("label accuracy", "high"),
    "second_label_accuracy": ("second judge's label accuracy", "high"),
    "train_on_generated": ("train on it, test on real", "high"),
    "label_use": ("variance: the label's", "as real"),
    "noise_use": ("variance: the noise's", "as real"),
    "diversity": ("diversity within a class", "as real"),
    "judge_score": ("judge score", "high"),
    "class_imbalance": ("class imbalance", "0"),
    "memorised_in_judge_space": ("memorised, by the judge", "as real"),
    "memorised_in_pixels": ("memorised, by pixels", "as real"),
    "near_duplicates": ("near duplicates", "as real"),
    "exact_duplicates": ("exact duplicates", "0"),
}


def scores_table(name: str, scores: Mapping[str, Any]) -> Table:
    """One row a figure: of the samples, of real images, of pure noise. Fits 80 columns."""
    conditions = scores["protocol"]
    judge, data = conditions["judge"], conditions["data"]
    table = Table(
        title=f"{name}: {conditions['samples']:,} samples against {conditions['compared_with']}",
        caption=f"{data['name']}, {data['size']} pixels; judge {judge['sha256'][:12]}, "
        f"{judge['accuracy']:.2%} of {judge['task']} right",
        box=SIMPLE,
        padding=0,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("figure", no_wrap=True)
    for column in ("generated", "spread", "real", "noise"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("good", style="dim", no_wrap=True)
    for key, (label, good) in TITLES.items():
        if key in scores:
            value, real, noise = (number(scores[key][who]) for who in ("value", "real", "noise"))
            table.add_row(label, value, _spread(scores[key]), real, noise, good)
    return table


def key_figures(scores: Mapping[str, Any]) -> dict[str, float | str | None]:
    """One number a figure, for `dvc metrics show` and `diff`, and the protocol in a line."""
    line = protocol_line(scores["protocol"])
    return {"protocol": line} | {name: scores[name]["value"] for name in TITLES if name in scores}


def protocol_line(conditions: Mapping[str, Any]) -> str:
    """The conditions without which the figures mean nothing."""
    inception = conditions["inception"]
    return (
        f"{conditions['samples']:,} samples, seed {conditions['seed']}, against "
        f"{conditions['compared_with']} "
        f"of {conditions['data']['name']} at {conditions['data']['size']} pixels; "
        f"judge {conditions['judge']['sha256'][:12]}"
        + (f"; Inception {inception['sha256'][:12]}" if inception else "")
    )


def number(value: float | None) -> str:
    """Four significant digits; a dash where there is no figure."""
    return "-" if value is None else f"{value:.4g}"


def _spread(figure: Mapping[str, Any]) -> str:
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
