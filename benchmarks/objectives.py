"""What each objective and each stabiliser does: the same network, data, images seen and seeds, one table.

    python -m benchmarks.objectives                    # all of it, in the order of GAMES and STABILISERS
    python -m benchmarks.objectives hinge "no EMA"     # these rows

The flagship's networks, 16 wide, on MNIST; the discriminator of every run sees EPOCHS x 60,000 real images. A
row is the mean of SEEDS runs and their deviation, scored on 10,000 samples of the exported file. Runs go one
a core, in one thread each; seconds are CPU time, of training alone. Needs data/prepared/ and models/judge/,
which `dvc repro judge` makes.
"""

import argparse
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from benchmarks.runs import ROOT, Changes, own_project, rows_of, told
from pipeline.data.prepared import Prepared
from pipeline.errors import RunError
from pipeline.inference import Generator
from pipeline.params import Params
from pipeline.places import exported_file, judge_dir, models_dir, prepared_dir
from pipeline.scoring.candidates import generated, look_at, real, shuffled
from pipeline.scoring.figures.fid import fid
from pipeline.scoring.figures.label_accuracy import label_accuracy
from pipeline.scoring.figures.precision_recall import precision_recall
from pipeline.scoring.judges.judge import Judge
from stages import export, train

EPOCHS, SEEDS, SAMPLES = 1, (0, 1), 10_000
NONE = {"name": "none", "weight": 0.0, "every": 1}
R1 = {"name": "r1", "weight": 1.0, "every": 4}
BASE: dict[str, Any] = {
    "model": {"generator_width": 16, "discriminator_width": 16, "mismatched": 0.0},
    "objective": {"name": "non-saturating", "penalty": NONE},
    "train": {"epochs": EPOCHS, "pictures": 4, "checkpoints": 1, "device": "cpu"},
    "tracking": {"enabled": False},
}


def _game(name: str, penalty: dict[str, Any] = NONE, d_steps: int = 1, **objective: Any) -> Changes:
    """The changes of one objective."""
    return {"objective": {"name": name, "penalty": penalty} | objective, "train": {"d_steps": d_steps}}


GAMES: dict[str, Changes] = {
    "minimax": _game("minimax"),
    "non-saturating": _game("non-saturating"),
    "least-squares": _game("least-squares"),
    "hinge": _game("hinge"),
    "wasserstein, clipped, 2 critic steps": _game("wasserstein", d_steps=2, weight_clip=0.1),
    "wasserstein, gradient penalty": _game("wasserstein", {"name": "gradient", "weight": 10.0, "every": 1}),
    "relativistic, R1 and R2": _game("relativistic", {"name": "r1-r2", "weight": 0.1, "every": 1}),
    "f-kl": _game("f-kl"),
    "f-reverse-kl": _game("f-reverse-kl"),
    "f-js": _game("f-js"),
    "f-squared-hellinger": _game("f-squared-hellinger"),
    "f-pearson": _game("f-pearson"),
    "f-total-variation": _game("f-total-variation"),
}
REGULARISED: dict[str, Changes] = {
    f"{name}, R1": _game(name, R1) for name in ("minimax", "non-saturating", "hinge", "f-kl")
}
STABILISERS: dict[str, Changes] = {
    "label smoothing 0.1": {"objective": {"label_smoothing": 0.1}},
    "instance noise 0.2": {"stabilisers": {"instance_noise": 0.2}},
    "feature matching 0.1": {"stabilisers": {"feature_matching": 0.1}},
    "minibatch discrimination": {"stabilisers": {"minibatch": "discrimination"}},
    "minibatch deviation": {"stabilisers": {"minibatch": "deviation"}},
    "historical averaging 1e-3": {"stabilisers": {"historical_averaging": 1e-3}},
    "virtual batch norm": {"stabilisers": {"virtual_batch_norm": True}},
    "spectral norm": {"stabilisers": {"spectral_norm": True}},
    "DRAGAN 10": {"objective": {"penalty": {"name": "dragan", "weight": 10.0, "every": 1}}},
    "augmentation (translation, cutout)": {"stabilisers": {"augmentation": ["translation", "cutout"]}},
    "unrolled, 3 steps": {"stabilisers": {"unrolled_steps": 3}},
    "no EMA": {"train": {"ema_half_life": 0.0}},
    "2 steps of D": {"train": {"d_steps": 2}},
}
ROWS = GAMES | REGULARISED | STABILISERS


def main(titles: list[str], output: Path | None) -> None:
    """Run every row with every seed, one a core, and print the table."""
    tasks = [(title, seed) for title in titles for seed in SEEDS]
    found: dict[str, list[dict[str, Any]]] = {title: [] for title in titles}
    workers = ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))
    with workers:
        for (title, seed), result in zip(
            tasks, workers.map(_measure, *zip(*tasks, strict=True)), strict=True
        ):
            print(f"{title}, seed {seed}: {result}", file=sys.stderr, flush=True)
            found[title].append(result)
    table = "\n".join(_table(found))
    print(table)
    if output:
        output.write_text(f"{table}\n")


def _measure(title: str, seed: int) -> dict[str, Any]:
    """Train, export and score one row with one seed, in a folder of its own."""
    torch.set_num_threads(1)
    with own_project("cdcgan", BASE, ROWS[title], {"seed": seed}) as params:
        began = time.process_time()
        try:
            train.main(params)
        except RunError as error:
            return {"stable": str(error)}
        seconds = time.process_time() - began
        export.main(params)
        return _scores(params) | _course(params) | {"seconds": seconds}


def _scores(params: Params) -> dict[str, float]:
    """judge-FID, recall and label accuracy of the exported file, as `evaluate` takes them."""
    data = Prepared.open(prepared_dir(params.data))
    judge, seed = Judge.load(ROOT / judge_dir(params.data, params.evaluate.judge)), params.evaluate.seed
    test = look_at(judge, real(data, "test", shuffled(data, "test", SAMPLES, seed)))
    generator = Generator(exported_file(params))
    fake = look_at(judge, generated(generator, test.labels, len(test), seed))
    return {
        "FID": fid(fake.features, test.features),
        "recall": float(precision_recall(fake.features, test.features)[1].mean()),
        "label accuracy": label_accuracy(fake.logits, fake.labels),
    }


def _course(params: Params) -> dict[str, Any]:
    """How the run went: D's logit gap over its last tenth, and what the monitor said of it."""
    history = rows_of(models_dir(params) / "history.csv")
    said = told(params, history)
    last = history[-max(1, len(history) // 10) :]
    gap = statistics.mean(row["logit_gap"] for row in last)
    return {"gap": gap, "stable": said[0] if said else "yes"}


def _table(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """One Markdown line a row."""
    lines = [
        "| game or change | judge-FID | recall | label accuracy | D's logit gap | seconds | stable |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for title, runs in found.items():
        cells = [
            _cell(runs, "FID", "{:.2f}"),
            _cell(runs, "recall", "{:.3f}"),
            _cell(runs, "label accuracy", "{:.1%}"),
            _cell(runs, "gap", "{:.2g}"),
            _cell(runs, "seconds", "{:.0f}"),
            "; ".join(dict.fromkeys(run["stable"] for run in runs)),
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def _cell(runs: list[dict[str, Any]], key: str, form: str) -> str:
    """Mean and deviation over the seeds that came through."""
    values = [run[key] for run in runs if key in run]
    if not values:
        return "-"
    mean = form.format(statistics.mean(values))
    return mean if len(values) < 2 else f"{mean} ± {form.format(statistics.stdev(values))}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Objectives and stabilisers side by side.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="titles of rows; all if none is named")
    parser.add_argument("--output", type=Path, metavar="FILE.md", help="write the table there, too")
    chosen = parser.parse_args()
    if unknown := set(chosen.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    main(chosen.rows or list(ROWS), chosen.output)
