"""How the judge learns: to classify real images, or to tell their rotation where they have no labels."""

import math
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.data.prepared import WORDS, Part, Prepared
from pipeline.data.progress import items_bar
from pipeline.errors import RunError, UserError
from pipeline.params import JudgeParams
from pipeline.pixels import to_float
from pipeline.scoring.judges.judge import Judge, exact_kernels, judge_device, shape_of
from pipeline.scoring.judges.networks import ARCHITECTURES, initialise, layers_of
from pipeline.streams import stream

# How far an image is moved in training: what a handwritten digit survives and a photograph does not notice.
DEGREES, SCALE, SHIFT = 10.0, 0.1, 0.06  # SHIFT is a share of the side
WEIGHT_DECAY = 1e-2


def train_judge(prepared: Prepared, name: str, params: JudgeParams) -> Judge:
    """Train on the real training images, test on those set aside; the same arguments give the same weights.

    Where none are set aside the test images stand in. RunError if the accuracy stays below
    `params.min_accuracy`: the features would mean little.
    """
    field = prepared.fields[prepared.tables[0].images]
    if field.kind == "voxels" and params.architecture == "texture":
        raise UserError(f"judges.{name}.architecture: texture is of pictures, and these are volumes")
    shape = shape_of(field.shape, prepared.classes)
    network = initialise(ARCHITECTURES[params.architecture](shape), params.seed)
    labels = prepared.labels("train") if prepared.classes else None
    images = prepared.images("train")
    fit(network, images, labels, params, title=f"judge {name}")
    judge = Judge(network, {"shape": asdict(shape), "architecture": params.architecture})
    part: Part = "aside" if prepared.aside else "test"
    right = right_of(judge, prepared, part)
    accuracy = float(right.mean())
    if accuracy < params.min_accuracy:
        raise RunError(
            f"the judge {name} tells {accuracy:.2%} of the {WORDS[part]} right, and "
            f"judges.{name}.min_accuracy asks for {params.min_accuracy:.2%}: raise its epochs, or set "
            "min_accuracy to 0 to go on with it"
        )
    judge.set_unit(images)
    judge.description |= {
        "layers": layers_of(network),
        "weights": sum(weight.numel() for weight in network.parameters()),
        "task": "classes" if prepared.classes else "rotations",
        "accuracy": round(accuracy, 6),
        "tested_on": f"{len(right):,} {WORDS[part]}",
        "data": prepared.digest,
        "trained": params.model_dump(exclude={"architecture", "min_accuracy"}),
    }
    return judge


def fit(
    network: nn.Module,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64] | None,
    params: JudgeParams,
    title: str,
    moved: bool = True,
) -> None:
    """Train `network` on images [N, C, S, S] and labels [N]; on rotations without labels.

    `moved`: each image, but no volume, is turned, scaled and shifted a little, anew each time.
    """
    network.to(judge_device())
    with exact_kernels(), items_bar() as progress:
        steps = math.ceil(len(images) / params.batch) * params.epochs
        bar = progress.add_task(f"{title}: batches", total=steps)
        optimiser = torch.optim.AdamW(network.parameters(), lr=params.lr, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, params.lr, total_steps=steps)
        network.train()
        for batch, targets in _batches(images, labels, params, moved):
            _, logits = network(batch)
            optimiser.zero_grad()
            F.cross_entropy(logits, targets).backward()
            optimiser.step()
            schedule.step()
            progress.advance(bar)


def _batches(
    images: NDArray[np.uint8], labels: NDArray[np.int64] | None, params: JudgeParams, moved: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """All epochs' batches: float images and their targets."""
    device = judge_device()
    pixels = torch.from_numpy(np.array(images)).to(device)
    for epoch in range(params.epochs):
        targets = _targets(labels, len(images), epoch).to(device)
        order = torch.randperm(len(images), generator=stream(params.seed, "judge order", epoch)).to(device)
        moves = stream(params.seed, "judge augmentation", epoch)
        for chosen in order.split(params.batch):
            batch = to_float(pixels[chosen])
            if labels is None:
                batch = _turned(batch, targets[chosen])
            yield _moved(batch, moves) if moved and batch.ndim == 4 else batch, targets[chosen]


def right_of(judge: Judge, prepared: Prepared, part: Part) -> NDArray[np.bool_]:
    """Which real images of a part the judge tells right, [N]."""
    images = prepared.images(part)
    targets = _targets(prepared.labels(part) if prepared.classes else None, len(images))
    if not prepared.classes:
        images = _turned(torch.from_numpy(np.array(images)), targets).numpy()
    _, logits = judge.features_and_logits(images)
    return logits.argmax(axis=1) == targets.numpy()


def _targets(labels: NDArray[np.int64] | None, count: int, epoch: int = 0) -> Tensor:
    """int64 [count]: the labels, or quarter turns (Gidaris et al. 2018) that change with the epoch."""
    return (torch.arange(count) + epoch) % 4 if labels is None else torch.from_numpy(np.array(labels))


def _turned(images: Tensor, turns: Tensor) -> Tensor:
    """Each image [N, C, S, S] turned by its own number of quarter turns."""
    result = torch.empty_like(images)
    for quarter in range(4):
        chosen = turns == quarter
        result[chosen] = torch.rot90(images[chosen], quarter, dims=(2, 3))
    return result


def _moved(images: Tensor, source: torch.Generator) -> Tensor:
    """Float images [N, C, S, S], each turned, scaled and shifted a little by amounts drawn from `source`."""
    draws = torch.rand(4, len(images), generator=source).mul(2).sub(1).to(images.device)
    angle, scale = draws[0] * math.radians(DEGREES), 1 + draws[1] * SCALE
    shift = draws[2:] * 2 * SHIFT  # the grid's unit is half a side
    cosine, sine = angle.cos() * scale, angle.sin() * scale
    rows = [cosine, -sine, shift[0], sine, cosine, shift[1]]
    transform = torch.stack(rows, dim=1).view(-1, 2, 3)
    grid = F.affine_grid(transform, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
