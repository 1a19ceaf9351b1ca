"""Judges that took no part in choosing anything, on exported generators of MNIST: own nets, own recipe.

    python -m benchmarks.strangers FILE.onnx... [--seed 0]

Residual nets with batch norm and globally pooled features, unlike any judge of the pipeline; data and size as
params.yaml names them (`dvc repro preprocess` first). They learn from training images and are asked about
test images and images set aside. One row a file, beside real images in the samples' place. Columns: how often
a fresh net tells real from generated, at full and at half size (half of all taught, the other half asked);
from a classifier of real digits: Frechet distance over the floor, label accuracy, recall (k = 3); and the
accuracy on test images of that classifier when it is trained on generated digits alone.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.data.prepared import Part, Prepared
from pipeline.loading import load
from pipeline.places import prepared_dir
from pipeline.scoring.candidates import Images, alike, generated, real, shuffled
from pipeline.scoring.evidence import open_generator
from pipeline.scoring.figures.fid import fid
from pipeline.scoring.figures.precision_recall import precision_recall
from pipeline.streams import stream

COUNT = 10_000  # of either side that is asked about
BATCH, RATE, SHIFT = 128, 0.1, 2  # the last in pixels, at most, that a classifier's pictures move
PASSES = {"apart": 4, "digits": 3}
COLUMNS = ("told apart", "half size", "distance", "label accuracy", "recall", "trained on it")


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut; the side is halved."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.SiLU()),
            *(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(self.layers(x) + self.shortcut(x))


def network(outputs: int, seed: int, stages: int) -> nn.Sequential:
    """A full-resolution layer, `stages` halvings, the mean over the picture, logits."""
    torch.manual_seed(seed)
    widths = [16 * 2**stage for stage in range(stages + 1)]
    blocks = [Residual(*pair) for pair in pairwise(widths)]
    stem = nn.Sequential(nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.SiLU())
    return nn.Sequential(stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], outputs))


def fitted(
    net: nn.Module, images: Tensor, targets: Tensor, passes: int, seed: int, *, moved: bool
) -> nn.Module:
    """Cross-entropy by SGD with momentum under one cycle of the rate; `moved` shifts each batch a little."""
    steps = passes * (len(images) // BATCH)
    optimiser = torch.optim.SGD(net.parameters(), RATE, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    net.train()
    for step in range(steps):
        epoch, index = divmod(step, len(images) // BATCH)
        order = torch.randperm(len(images), generator=stream(seed, "strangers' order", epoch))
        rows = order[index * BATCH : (index + 1) * BATCH]
        shown = images[rows]
        if moved:
            by = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=stream(seed, "strangers' shifts", step))
            shown = shown.roll(tuple(by.tolist()), (2, 3))
        loss = F.cross_entropy(net(shown), targets[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return net.eval()


@torch.inference_mode()
def seen(net: nn.Sequential, images: Tensor) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Pooled features [N, D] and the class of each [N]."""
    features = torch.cat([net[:-1](part) for part in images.split(500)])
    return features.numpy(), net[-1](features).argmax(1).numpy()


def floats(images: Images, *, halved: bool = False) -> Tensor:
    """Grey levels in [0, 1], float32 [N, 1, H, W]."""
    pixels = torch.from_numpy(images.images).float() / 255
    return F.avg_pool2d(pixels, 2) if halved else pixels


def told_apart(learnt: list[Images], asked: list[Images], seed: int, *, halved: bool) -> float:
    """Share of `asked` [real, other] that a net gets right which learnt from `learnt`."""
    images = torch.cat([floats(side, halved=halved) for side in learnt])
    targets = torch.cat([torch.full((len(side),), which) for which, side in enumerate(learnt)])
    net = fitted(network(2, seed, 2 if halved else 3), images, targets, PASSES["apart"], seed, moved=False)
    right = [(seen(net, floats(side, halved=halved))[1] == which).mean() for which, side in enumerate(asked)]
    return float(np.mean(right))


def classifier(images: Images, seed: int) -> nn.Module:
    """Taught the digits of labelled images."""
    targets = torch.from_numpy(images.labels)
    return fitted(network(10, seed, 3), floats(images), targets, PASSES["digits"], seed, moved=True)


def row(
    learnt: Images, asked: Images, sides: dict[str, Images], judge: nn.Module, seed: int
) -> dict[str, float]:
    """The figures of `asked` (of test images' labels), and of `learnt`, as many as `sides["learnt"]`."""
    features, found = seen(judge, floats(asked))
    test, _ = seen(judge, floats(sides["test"]))
    floor, _ = seen(judge, floats(sides["aside"]))
    pairs = [sides["learnt"], learnt], [sides["test"], asked]
    own = classifier(learnt, seed)
    return {
        "told apart": told_apart(*pairs, seed, halved=False),
        "half size": told_apart(*pairs, seed, halved=True),
        "distance": fid(features, test) / fid(floor, test),
        "label accuracy": float((found == asked.labels).mean()),
        "recall": float(precision_recall(features, test)[1].mean()),
        "trained on it": float((seen(own, floats(sides["test"]))[1] == sides["test"].labels).mean()),
    }


def part_of(data: Prepared, part: Part, labels: NDArray[np.int64], count: int, seed: int) -> Images:
    """Real images of a part in the class shares of `labels`."""
    shares = np.bincount(labels, minlength=data.label_count)
    return real(data, part, alike(data.labels(part), shares, count, seed))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=0, help="of the nets, and of the samples")
    arguments = parser.parse_args()
    data, seed = Prepared.open(prepared_dir(load().data)), arguments.seed
    test = real(data, "test", shuffled(data, "test", COUNT, seed))
    training = real(data, "train", shuffled(data, "train", 4 * COUNT, seed))
    sides = {
        "test": test,
        "aside": part_of(data, "aside", test.labels, COUNT, seed),
        "learnt": training.take(slice(2 * COUNT)),
    }
    judge = classifier(real(data, "train", np.arange(len(data.images("train")))), seed)

    print("| | " + " | ".join(COLUMNS) + " |\n|---|" + "---:|" * len(COLUMNS))
    for name in ["real", *arguments.files]:
        if name == "real":
            learnt, asked = training.take(slice(2 * COUNT, None)), sides["aside"]
        else:
            labels = np.concatenate([sides["learnt"].labels, test.labels])
            drawn = generated(open_generator(name, data), labels, len(labels), seed)
            learnt, asked = drawn.take(slice(2 * COUNT)), drawn.take(slice(2 * COUNT, None))
        found = row(learnt, asked, sides, judge, seed)
        print(f"| {name} | " + " | ".join(f"{found[column]:.3f}" for column in COLUMNS) + " |", flush=True)


if __name__ == "__main__":
    main()
