"""What is scored: sets of images, and what the judge sees in them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.datasets.prepared import Prepared
from pipeline.inference import Generator
from pipeline.inference.latent import MAX_SEED
from pipeline.scoring.judge import Judge
from pipeline.streams import seed_of, stream


@dataclass(frozen=True)
class Candidate:
    """Images with the judge's features and logits; `labels` is None where there are no classes."""

    images: NDArray[np.uint8]  # [N, C, H, W]
    labels: NDArray[np.int64] | None  # [N]
    features: NDArray[np.float32]  # [N, D]
    logits: NDArray[np.float32]  # [N, K]

    def __len__(self) -> int:
        return len(self.images)


def look_at(judge: Judge, images: NDArray[np.uint8], labels: NDArray[np.int64] | None) -> Candidate:
    """Pass images through the judge, once for all figures."""
    return Candidate(images, labels, *judge.features_and_logits(images))


def generated(generator: Generator, judge: Judge, count: int, seed: int) -> Candidate:
    """`count` samples of an exported file, its classes in equal shares."""
    classes = len(generator.description.classes)
    labels = np.arange(count) % classes if classes else None
    images = generator.sample(labels, sample_seeds(seed, count)).transpose(0, 3, 1, 2)
    return look_at(judge, np.ascontiguousarray(images), labels)


def sample_seeds(seed: int, count: int) -> NDArray[np.int64]:
    """One seed a sample, int64 [count]: neighbours, since their noise is unrelated."""
    return np.arange(count) + seed_of(seed, "evaluate samples") % (MAX_SEED + 2 - count)


def real(
    prepared: Prepared, judge: Judge, split: Literal["train", "test"], count: int, seed: int
) -> Candidate:
    """`count` real images of a split, drawn without putting back; all of it, in order, if it has no more."""
    images, labels = prepared.images(split), prepared.labels(split)
    order = torch.randperm(len(images), generator=stream(seed, f"evaluate real {split}"))
    chosen = np.sort(order[:count].numpy())
    return look_at(judge, images[chosen], labels[chosen] if prepared.classes else None)


def noise(like: Candidate, judge: Judge, seed: int) -> Candidate:
    """Images of uniform noise with the labels of `like`: what a generator that learnt nothing scores."""
    source = stream(seed, "evaluate noise")
    pixels = torch.randint(0, 256, like.images.shape, dtype=torch.uint8, generator=source)
    return look_at(judge, pixels.numpy(), like.labels)
