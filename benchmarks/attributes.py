"""Do the pictures follow when an attribute is moved, and do they stay what they are?

    python -m benchmarks.attributes exported/cdcgan.onnx

Prints a Markdown table, each figure with its 95 % interval: for each attribute the rank correlation
(Spearman) of how far a sample was moved, -2 to 2 deviations in nine steps, with what was measured, the mean
over samples; and the share of pictures in which the judge still reads the label, of all nine steps and of the
two ends. The judge is that of params.yaml (`dvc repro judge`).
"""

import argparse
from pathlib import Path

import numpy as np

from pipeline.inference import Generator
from pipeline.inference.contract import attributes, directions, measures
from pipeline.loading import load
from pipeline.places import judge_dir
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

FIRST = 1_000_000  # seeds that no attribute was found from
MIDDLE = len(attributes.AMOUNTS) // 2  # where nothing is moved


def main() -> None:
    """Find the attributes, move each, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="an exported generator")
    parser.add_argument("--samples", type=int, default=500)
    arguments = parser.parse_args()
    params = load()
    judge = Judge.load(judge_dir(params.data, params.evaluate.judge))
    generator = Generator(arguments.file, device="cpu")
    found, background = attributes.measured(generator)
    print("| attribute | Spearman | label kept | at the ends | unmoved |\n|---|---|---|---|---|")
    for column, attribute in enumerate(found):
        seeds = range(FIRST, FIRST + arguments.samples)
        pictures = np.stack(list(attributes.walks(generator, attribute.step, seeds)))
        samples, steps = pictures.shape[:2]
        flat = pictures.reshape(-1, *pictures.shape[2:])
        values = measures.measured(flat, background)[:, column].reshape(samples, steps)
        read = judge.features_and_logits(flat.transpose(0, 3, 1, 2))[1].argmax(1).reshape(samples, steps)
        labels = attributes.labels_in_turn(generator, samples)
        kept = read == (read[:, MIDDLE] if labels is None else labels)[:, None]
        shares = [kept.mean(1), kept[:, [0, -1]].mean(1), kept[:, MIDDLE]]
        cells = [_told(directions.spearman(values), "{:.4f}"), *(_told(each, "{:.2%}") for each in shares)]
        print(f"| {attribute.name} | {' | '.join(cells)} |", flush=True)


def _told(values: np.ndarray, form: str) -> str:
    """The mean of a figure of each sample, with its interval."""
    figure = of_mean(values, None, seed_of(0, "attributes"))
    ends = figure["value"], figure["low"], min(figure["high"], 1)
    return "{} ({} - {})".format(*map(form.format, ends))


if __name__ == "__main__":
    main()
