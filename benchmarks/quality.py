"""How good samples are after so many seconds of training: the notebook's loop, the pipeline's, the flagship.

    python -m benchmarks.quality [--device cpu] [--width 32] [--epochs 3] [--samples 10000]

The notebook's loop and `cdcgan-classic` have the same network, batch and learning rates: what may differ is
the time. The flagship is its preset with EPOCHS. One trains after the other, alone; the clock stands still
while the samples of an epoch are scored against MNIST's test images. Needs data/prepared/ and models/judge/,
which `dvc repro judge` makes.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.loops import loop_of, prepared_digits, preset, same_network
from benchmarks.notebook import CLASSES, Z_DIM
from benchmarks.runs import ROOT
from pipeline.fields import latent
from pipeline.pixels import to_uint8
from pipeline.places import judge_dir
from pipeline.planning.machine import wait
from pipeline.scoring.candidates import Candidate, Images, look_at, real, shuffled
from pipeline.scoring.figures.fid import fid
from pipeline.scoring.figures.label_accuracy import label_accuracy
from pipeline.scoring.judges.judge import Judge
from pipeline.streams import draw, stream
from pipeline.training.device import choose_device
from pipeline.training.loop import Loop

SEED, DRAWN = 1, 250  # of the samples, and how many at once


@dataclass(frozen=True)
class Contender:
    """Something that trains, and the generator that it would ship."""

    step: Callable[[], None]
    batch: int
    generator: nn.Module
    draw: Callable[[Tensor, Tensor], Tensor]  # z [N, Z_DIM] and labels [N] to images [N, 1, 32, 32]


def main() -> None:
    """Train all, and print the table."""
    arguments = parsed()
    device, data = choose_device(arguments.device), prepared_digits()
    images, labels = data.images("train"), data.labels("train")
    flagship = preset("cdcgan", train={"epochs": arguments.epochs})
    judge = Judge.load(ROOT / judge_dir(flagship.data, flagship.evaluate.judge))
    test = look_at(judge, real(data, "test", shuffled(data, "test", arguments.samples, SEED)))
    loop, notebook = same_network(images, labels, arguments.width, device)
    contenders = {
        f"notebook's loop, width {arguments.width}": Contender(
            notebook.step,
            notebook.loader.batch_size,
            notebook.generator,
            lambda z, asked: notebook.generator(z[..., None, None], one_hot(asked)),
        ),
        f"`cdcgan-classic`, width {arguments.width}": shipping(loop),
        f"`cdcgan`, {arguments.epochs} epochs": shipping(loop_of(flagship, images, labels, device)),
    }
    print("| | images seen | seconds | judge-FID | label accuracy |\n|---|---:|---:|---:|---:|")
    for name, contender in contenders.items():
        per_epoch = len(images) // contender.batch
        for epoch, seconds in enumerate(epochs(contender, arguments.epochs, per_epoch, device), 1):
            found = sampled(contender, test.labels, judge, device)
            scores = (
                f"{fid(found.features, test.features):.2f} | {label_accuracy(found.logits, found.labels):.2%}"
            )
            print(
                f"| {name} | {epoch * per_epoch * contender.batch:,} | {seconds:.0f} | {scores} |", flush=True
            )


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    parser.add_argument("--width", type=int, default=32, help="of cdcgan-classic and the notebook's network")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--samples", type=int, default=10_000, help="scored after each epoch")
    return parser.parse_args()


def shipping(loop: Loop) -> Contender:
    """The pipeline's loop with the generator that a run of it exports."""
    generator = loop.state.shipped["generator"]
    return Contender(loop.step, loop.params.train.batch, generator, generator)


def one_hot(labels: Tensor) -> Tensor:
    """Labels [N] as the notebook's generator takes them, [N, 10, 1, 1]."""
    return F.one_hot(labels, CLASSES).float()[:, :, None, None]


def epochs(contender: Contender, count: int, steps: int, device: torch.device) -> Iterator[float]:
    """Train; after each epoch of `steps`, the seconds of training so far."""
    spent = 0.0
    for _ in range(count):
        began = time.perf_counter()
        for _ in range(steps):
            contender.step()
        wait(device)
        spent += time.perf_counter() - began
        yield spent


@torch.no_grad()
def sampled(contender: Contender, asked: np.ndarray, judge: Judge, device: torch.device) -> Candidate:
    """Samples of the labels int64 [N], as the judge sees them."""
    z = draw(latent(Z_DIM, "normal"), len(asked), stream(SEED, "quality")).to(device)
    labels = torch.from_numpy(asked).to(device)
    training = contender.generator.training
    contender.generator.eval()
    drawn = [
        to_uint8(contender.draw(some, of_some)).cpu().numpy()
        for some, of_some in zip(z.split(DRAWN), labels.split(DRAWN), strict=True)
    ]
    contender.generator.train(training)
    return look_at(judge, Images(np.concatenate(drawn), asked))


if __name__ == "__main__":
    main()
