"""DeLiGAN beside a plain GAN of the same networks, on few images of MNIST, for the same seconds.

    python -m benchmarks.few_images FOLDER [--images 500] [--seconds 120] [--seeds 3]

What `benchmarks.equal_seconds` says of seconds, FOLDER and judges holds here; the samples of both are scored
against the test images.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.equal_seconds import RESULTS, Row, Scorer, measured, remembered
from benchmarks.loops import preset
from benchmarks.runs import ROOT, Changes
from pipeline.data.labelled import few_of_each
from pipeline.data.prepared import Prepared
from pipeline.places import prepared_dir
from pipeline.streams import stream

WIDTH = 16  # of 64, which makes too few steps in the time
VARIANTS: dict[str, Changes] = {
    "DeLiGAN": {"model": {"width": WIDTH}},
    # one component that stays N(0, 1) but for a learnt mean and scale, which any first layer has too
    "plain": {"model": {"width": WIDTH, "components": 1, "deviation": 1.0, "narrowness": 0.0}},
}
COLUMNS = ("precision", "recall", "coverage", "judge-FID", "dense-FID")


def main() -> None:
    """Measure each variant with each seed, print the rows and, at the end, the means over seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where results and files go")
    parser.add_argument("--images", type=int, default=500, help="as many of each class")
    parser.add_argument("--seconds", type=float, default=120.0, help="of training, of one thread, for each")
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    folder = chosen.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    data = Prepared.open(ROOT / prepared_dir(preset("cdcgan").data))
    scorer = Scorer(data)
    print(f"| system | seed | steps | {' | '.join(COLUMNS)} |\n|---|{'---:|' * (2 + len(COLUMNS))}")
    rows: dict[str, list[Row]] = {title: [] for title in VARIANTS}
    for seed in range(chosen.seeds):
        arrays = few(data, chosen.images, seed)
        for title, changes in VARIANTS.items():
            name = f"{title}-{chosen.images}-{seed}"
            file, settings = folder / f"{name}.onnx", changes | {"seed": seed}
            row = remembered(
                folder / RESULTS,
                name,
                chosen.seconds,
                partial(measured, file, "deligan-mnist", chosen.seconds, scorer, settings, arrays),
            )
            rows[title].append(row)
            print(f"| {title} | {seed} | {row['steps']:,} | {cells(row)} |", flush=True)
    for title, of_title in rows.items():
        means = {column: float(np.mean([row[column] for row in of_title])) for column in COLUMNS}
        print(f"| {title} | mean | - | {cells(means)} |")


def few(data: Prepared, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` training images, as many of each class, drawn by seed; and their labels."""
    images, labels = data.images("train"), data.labels("train")
    rows = few_of_each(labels, data.label_count, count, stream(seed, "few images"))
    return images[rows], labels[rows]


def cells(row: Row) -> str:
    """The figures of a row, as Markdown."""
    return " | ".join(f"{row[column]:.3f}" for column in COLUMNS)


if __name__ == "__main__":
    main()
