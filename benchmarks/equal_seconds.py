"""All generators of MNIST after equal seconds of training, at 32 pixels, so that the same judges score them.

    python -m benchmarks.equal_seconds FOLDER [PRESET ...] [--seconds 300]

Each preset keeps its networks, batch and rates, but for WIDTHS; how many steps it gets follows from its
measured rate, so that its schedule ends with the budget. Seconds are CPU seconds of the one thread that
trains, of its steps alone: other work on the machine takes none of them away, though it can make each a
little slower (shared caches). FOLDER keeps a row a preset in results.jsonl, the exported files, and
samples.png: the same command goes on where it was ended. Needs data/prepared/mnist-32 and models/judge/,
which `dvc repro judge` makes.
"""

import argparse
import json
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from benchmarks.loops import loop_of, preset
from benchmarks.runs import ROOT, Changes, own_project
from pipeline import plots
from pipeline.data.prepared import Prepared
from pipeline.data.progress import items_bar
from pipeline.export.files import export
from pipeline.files import atomic_path
from pipeline.params import Params
from pipeline.places import exported_file, judge_dir, prepared_dir
from pipeline.scoring.candidates import Images, generated, look_at, real, shuffled
from pipeline.scoring.evidence import open_generator
from pipeline.scoring.figures.density_coverage import density_coverage
from pipeline.scoring.figures.fid import fid
from pipeline.scoring.figures.label_accuracy import label_accuracy
from pipeline.scoring.figures.precision_recall import precision_recall
from pipeline.scoring.figures.two_sample import told_apart
from pipeline.scoring.judges.judge import Judge
from pipeline.streams import seed_of
from pipeline.training.loop import Loop
from pipeline.training.state import TrainingState

PRESETS = {
    "gan-mnist": "GAN",
    "dcgan28-mnist": "DCGAN",
    "wgan-gp-mnist": "WGAN-GP",
    "vae-mnist": "VAE",
    "aae-mnist": "AAE",
    "bigan-mnist": "BiGAN",
    "ebgan-mnist": "EBGAN",
    "cdcgan": "cDCGAN, the flagship",
    "cgan-mnist": "CGAN",
    "lsgan-mnist": "LSGAN",
    "wgan-mnist": "WGAN",
    "relativistic-mnist": "R3GAN's loss",
    "fgan-mnist": "f-GAN",
    "unrolled-mnist": "unrolled GAN",
    "infogan-mnist": "InfoGAN",
    "avb-mnist": "AVB",
    "lapgan-mnist": "LAPGAN",
    "progressive-mnist": "progressive growing",
}
# of 64, at which a step takes two seconds: 150 steps in five minutes say nothing
WIDTHS = dict.fromkeys(
    (
        *(
            "dcgan28-mnist",
            "wgan-gp-mnist",
            "lsgan-mnist",
            "wgan-mnist",
            "relativistic-mnist",
            "infogan-mnist",
        ),
        "lapgan-mnist",
    ),
    16,
) | {"progressive-mnist": 8}
NARROWER: dict[str, Changes] = {name: {"model": {"width": width}} for name, width in WIDTHS.items()}
TITLES = PRESETS | {name: f"{PRESETS[name]}, width {width} of 64" for name, width in WIDTHS.items()}
SAMPLES, SEED = 10_000, 1
WARM_UP, SMALL_RUN = 3, 60  # steps before the rate is taken, and of a run in small that it is taken of
MEASURED = 0.05  # share of the budget in which the rate is taken
SHOWN = 20  # samples of each system
RESULTS = "results.jsonl"
COLUMNS = {
    "steps": "{:,}",
    "images": "{:,}",
    "seconds": "{:.0f}",
    "judge-FID": "{:.2f}",
    "dense-FID": "{:.2f}",
    "precision": "{:.3f}",
    "recall": "{:.3f}",
    "coverage": "{:.3f}",
    "label accuracy": "{:.2%}",
    "told from real, half size": "{:.3f}",
}
REAL = "real images"
Row = dict[str, Any]  # a figure by its column; one that there is not is missing
Arrays = tuple[np.ndarray, np.ndarray | None]  # training images, and their labels


def main() -> None:
    """Measure what is not measured yet, print a row of each, and draw the samples."""
    chosen = parsed()
    torch.set_num_threads(1)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    data = Prepared.open(ROOT / prepared_dir(preset("cdcgan").data))
    scorer = Scorer(data)
    print(f"| system | {' | '.join(COLUMNS)} |\n|---|{'---:|' * len(COLUMNS)}")
    files = {name: chosen.folder / f"{name}-{chosen.seconds:g}s.onnx" for name in chosen.presets}
    for name in (REAL, *files):
        measure = scorer.of_real
        if name != REAL:
            changes = NARROWER.get(name, {})
            measure = partial(measured, files[name], name, chosen.seconds, scorer, changes)
        row = remembered(chosen.folder / RESULTS, name, chosen.seconds, measure)
        cells = [form.format(row[column]) if column in row else "-" for column, form in COLUMNS.items()]
        print(f"| {TITLES.get(name, name)} | {' | '.join(cells)} |", flush=True)
    made = {TITLES[name]: file for name, file in files.items() if file.exists()}
    plots.save(contact_sheet(made, data), chosen.folder / "samples.png")


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where results, files and samples go")
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=f"of {', '.join(PRESETS)}; all if none")
    parser.add_argument("--seconds", type=float, default=300.0, help="of training, of one thread, for each")
    chosen = parser.parse_args()
    if unknown := set(chosen.presets) - set(PRESETS):
        parser.error(f"no such preset here: {', '.join(sorted(unknown))}; there are {', '.join(PRESETS)}")
    if chosen.seconds <= 0:
        parser.error(f"--seconds {chosen.seconds:g}: must be above 0")
    chosen.folder, chosen.presets = chosen.folder.absolute(), chosen.presets or list(PRESETS)
    return chosen


def remembered(results: Path, name: str, budget: float, measure: Callable[[], Row]) -> Row:
    """The row of that name and budget: as it was measured before, or as it is now, and kept."""
    lines = results.read_text().splitlines() if results.exists() else []
    rows = [row for row in map(json.loads, lines) if (row["name"], row["budget"]) == (name, budget)]
    if rows:
        return rows[-1]
    row = {"name": name, "budget": budget, **measure()}
    with results.open("a") as file:
        file.write(json.dumps(row) + "\n")
    return row


def measured(
    file: Path,
    name: str,
    budget: float,
    scorer: "Scorer",
    changes: Changes,
    arrays: Arrays | None = None,
    also: Callable[[TrainingState], Row] = lambda _: {},
) -> Row:
    """Train a preset on images and labels (None: the data's), export it to `file`, and score that.

    Where a weight is no number any more, there are no scores. `also` gives more of them.
    """
    data, same = scorer.data, {"data": preset("cdcgan").data.model_dump(), "train": {"device": "cpu"}}
    with own_project(name, same, changes) as params:
        loop, seconds = trained(params, arrays or (data.images("train"), data.labels("train")), budget)
        state = loop.state
        images = state.step * state.model.rounds * params.train.batch
        row = {"steps": state.step, "images": images, "seconds": seconds}
        if not state.is_finite():
            return row
        export(params, data, state.model.exports(state.shipped), exported_file(params))
        with atomic_path(file) as part:
            shutil.copyfile(exported_file(params), part)
    return row | scorer.of_file(file) | also(state)


def trained(params: Params, arrays: Arrays, budget: float) -> tuple[Loop, float]:
    """A loop after as many steps as its rate allows in `budget` CPU seconds, and the seconds they took."""
    loops = (loop_of(params, *arrays, torch.device("cpu")) for _ in range(2))
    rate = steps_a_second(next(loops), MEASURED * budget)
    loop = next(loops)
    loop.steps = max(1, round(rate * budget))  # in place of the preset's: the schedule goes by it
    with items_bar() as bar:
        began = time.process_time()
        for _ in bar.track(range(loop.steps), description=f"{params.name}: steps"):
            loop.step()
        return loop, time.process_time() - began


def steps_a_second(loop: Loop, seconds: float) -> float:
    """The mean rate over whole runs in small, of about so many CPU seconds together, once it is warm.

    A step may cost more late in a run than early.
    """
    for _ in range(WARM_UP):
        loop.step()
    loop.steps, runs, began = SMALL_RUN, 0, time.process_time()
    while not runs or time.process_time() - began < seconds:
        loop.state.step = 0
        for _ in range(SMALL_RUN):
            loop.step()
        runs += 1
    return runs * SMALL_RUN / (time.process_time() - began)


class Scorer:
    """Holds samples against the test images, and against images set aside, which nothing learnt from."""

    def __init__(self, data: Prepared) -> None:
        self.data, flagship = data, preset("cdcgan")
        self.judges = {
            column: Judge.load(ROOT / judge_dir(flagship.data, name))
            for column, name in (("judge-FID", "convolutional"), ("dense-FID", "dense"))
        }
        test = real(data, "test", shuffled(data, "test", SAMPLES, SEED))
        self.test = {column: look_at(judge, test) for column, judge in self.judges.items()}
        self.aside = real(data, "aside", shuffled(data, "aside", SAMPLES, SEED))

    def of_file(self, file: Path) -> Row:
        """Of samples of an exported generator; of the test images' labels, if it takes labels."""
        labels = self.test["judge-FID"].labels
        made = generated(open_generator(file, self.data), labels, len(labels), SEED)
        told = told_apart(self.aside, made, seed_of(SEED, "equal seconds"), halved=True)
        return self.of_images(made) | {"told from real, half size": float(told.mean())}

    def of_real(self) -> Row:
        """Of the images set aside, in the samples' place."""
        return self.of_images(self.aside)

    def of_images(self, images: Images) -> Row:
        """Of any images, beside the test images."""
        seen = {column: look_at(judge, images) for column, judge in self.judges.items()}
        row = {column: fid(seen[column].features, self.test[column].features) for column in seen}
        candidate, test = seen["judge-FID"], self.test["judge-FID"]
        precision, recall = precision_recall(candidate.features, test.features)
        covered = density_coverage(candidate.features, test.features)[1]
        row |= {"precision": float(precision.mean()), "recall": float(recall.mean())}
        row |= {"coverage": float(covered.mean())}
        if images.labels is not None:
            row["label accuracy"] = label_accuracy(candidate.logits, images.labels)
        return row


def contact_sheet(files: dict[str, Path], data: Prepared) -> Image.Image:
    """Samples of each exported file, a row a system; every class in turn where it takes labels."""
    labels = np.arange(SHOWN) % data.label_count
    rows = {
        title: plots.grid(generated(open_generator(file, data), labels, SHOWN, SEED).images, SHOWN, scale=2)
        for title, file in files.items()
    }
    font, gap = ImageFont.load_default(16), 8
    margin = 2 * gap + round(max(font.getlength(title) for title in rows))
    width, height = next(iter(rows.values())).size
    sheet = Image.new("L", (margin + width, (height + gap) * len(rows) - gap), "white")
    write = ImageDraw.Draw(sheet)
    for index, (title, row) in enumerate(rows.items()):
        top = index * (height + gap)
        write.text((gap, top + height / 2), title, plots.INK, font, anchor="lm")
        sheet.paste(row, (margin, top))
    return sheet


if __name__ == "__main__":
    main()
