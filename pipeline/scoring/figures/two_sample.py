"""The classifier two-sample test (Lopez-Paz & Oquab 2017): can a fresh network tell samples from real images?

Half of either teaches it, the other half asks it. Where nothing tells them apart half of its answers are
right. A net that misses what there is to see flatters, so this one keeps the full resolution in its first
layer. The test is made twice: on the images as they are, and averaged to half their size, where strokes and
shapes are left and the finest texture is gone.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.data.progress import items_bar
from pipeline.pixels import to_float
from pipeline.scoring.candidates import Images
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.judges.judge import exact_kernels, judge_device
from pipeline.scoring.judges.networks import convolution, initialise
from pipeline.scoring.spread import over_seeds
from pipeline.streams import seed_of, stream

FIGURES = {
    "two_sample": About(
        place=10,
        title="told from real",
        good="0.5",
        explanation="How often a fresh classifier is right that has learnt to tell samples from real images: "
        "0.5 where nothing tells them apart. Real: training images in the samples' place.",
    ),
    "two_sample_half": About(
        place=11,
        title="told from real, half size",
        good="0.5",
        explanation="The same at half the size: strokes and shapes are left, fine texture is gone.",
    ),
}
NEEDS = {"image", "told_apart", "unseen", "seen", "seed"}
ORDER = 50
# of the samples, of the real images; benchmarks/two_sample.py has more, and several sizes
SEEDS = {"value": 2, "real": 1}
BATCH, WEIGHT_DECAY = 64, 1e-2
# halved or not: channels of the first layer, learning rate, steps
RECIPES = {False: (8, 4e-3, 1250), True: (16, 2e-2, 2700)}
PASSES = 15  # over few images: more steps would only teach them by heart
SMALLEST = 8  # pixels a side that the convolutions halve the picture down to
CONSTANTS = {
    "two-sample test: seeds of samples, of real images": list(SEEDS.values()),
    "two-sample test: width, rate, steps": list(RECIPES[False]),
    "two-sample test, half size: width, rate, steps": list(RECIPES[True]),
}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Samples told from real images, beside training images told from them; noise would be told at once."""
    real, sides = evidence["unseen"], {"value": evidence["told_apart"], "real": evidence["seen"]}
    figures = {}
    for halved, name in ((False, "two_sample"), (True, "two_sample_half")):
        found = {}
        for who, side in sides.items():
            seeds = [seed_of(evidence["seed"], "two-sample test", index) for index in range(SEEDS[who])]
            found[who] = np.stack([told_apart(real, side, seed, halved=halved) for seed in seeds])
        figures[name] = over_seeds(found, evidence["seed"]) | {"noise": None}
    return figures


def told_apart(real: Images, fake: Images, seed: int, *, halved: bool) -> NDArray[np.bool_]:
    """Which of the images that the network did not learn from it takes for what they are, bool [M].

    real, fake: as many of either, in like class shares; M is about half of all of them. `halved` shows them
    at half the size. No image is moved or turned: what that would hide is what is looked for.
    """
    learnt, asked = zip(*(_halves(part, seed) for part in (real, fake)), strict=True)
    with exact_kernels():
        network = _trained(*learnt, seed, halved=halved)
        network.eval()
        with torch.inference_mode():
            verdicts = [
                torch.cat([network(_shown(block, halved))[:, 0] for block in images.split(500)]).cpu()
                for images in asked
            ]
    return torch.cat([verdicts[0] > 0, verdicts[1] <= 0]).numpy()


def _halves(seen: Images, seed: int) -> tuple[Tensor, Tensor]:
    """Two disjoint halves, uint8 [about N / 2, C, H, W] each, of like class shares."""
    labels = np.zeros(len(seen), np.int64) if seen.labels is None else seen.labels
    order = torch.randperm(len(seen), generator=stream(seed, "two-sample halves")).numpy()
    order = order[np.argsort(labels[order], kind="stable")]  # class by class: every other one of each
    return torch.from_numpy(seen.images[order[::2]]), torch.from_numpy(seen.images[order[1::2]])


def _trained(real: Tensor, fake: Tensor, seed: int, *, halved: bool) -> nn.Module:
    width, lr, most = RECIPES[halved]
    steps = min(most, -(-PASSES * (len(real) + len(fake)) // BATCH))
    images = torch.cat([real, fake]).to(judge_device())
    targets = torch.cat([torch.ones(len(real)), torch.zeros(len(fake))]).to(images.device)
    size = images.shape[-1] // 2 if halved else images.shape[-1]
    network = initialise(_network(images.shape[1], size, width), seed).to(images.device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=steps)
    chosen = _batches(len(images), steps, seed)
    network.train()
    with items_bar() as progress:
        for rows in progress.track(chosen, description=f"told apart, {size} pixels: batches"):
            verdict = network(_shown(images[rows], halved))[:, 0]
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(verdict, targets[rows]).backward()
            optimiser.step()
            schedule.step()
    return network


def _batches(count: int, steps: int, seed: int) -> list[Tensor]:
    """Rows of `steps` batches, pass after pass over all `count` images in an order of its own."""
    passes = -(-steps * BATCH // count)
    orders = [
        torch.randperm(count, generator=stream(seed, "two-sample order", each)) for each in range(passes)
    ]
    return list(torch.cat(orders)[: steps * BATCH].split(BATCH))


def _shown(images: Tensor, halved: bool) -> Tensor:
    pixels = to_float(images.to(judge_device()))
    return F.avg_pool2d(pixels, 2) if halved else pixels


def _network(channels: int, size: int, width: int) -> nn.Sequential:
    """One logit, above 0 for a real image: a first layer at full resolution, then halvings to 8 pixels."""
    layers: list[nn.Module] = [convolution(channels, width)]
    widest = 4 * width
    while size > SMALLEST or width < widest:
        layers.append(convolution(width, min(2 * width, widest), stride=2))
        width, size = min(2 * width, widest), -(-size // 2)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * size * size, 1))
