"""What is scored: sets of images, and what the judge sees in them.

Every set is in an order of a seeded stream: whatever is cut from one, data sorted by class or not, is like
the whole. Where there are labels, the sets that are held against each other have like class shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.data.aside import shared_out
from pipeline.data.prepared import Part, Prepared
from pipeline.inference import Network
from pipeline.inference.contract.inputs import NOTHING, Given
from pipeline.kinds.shared.noise import MAX_SEED
from pipeline.scoring.judges.judge import Judge
from pipeline.streams import seed_of, stream


@dataclass(frozen=True)
class Images:
    """Images with their labels; `labels` is None where there are no classes."""

    images: NDArray[np.uint8]  # [N, C, H, W]
    labels: NDArray[np.int64] | None  # [N]
    captions: NDArray[np.int64] | None = field(default=None, kw_only=True)  # word ids [N, L]; None: no such
    boxes: NDArray[np.float32] | None = field(default=None, kw_only=True)  # [N, 4], in shares; likewise

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: NDArray[np.int64] | slice) -> Self:
        """Those rows of all that there is."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(self, **{name: array[rows] for name, array in found.items() if array is not None})


@dataclass(frozen=True)
class Candidate(Images):
    """Images with the judge's features and logits."""

    features: NDArray[np.float32]  # [N, D]
    logits: NDArray[np.float32]  # [N, K]


def look_at(judge: Judge, seen: Images) -> Candidate:
    """Pass images through the judge, once for all figures."""
    found = judge.features_and_logits(seen.images)
    return Candidate(seen.images, seen.labels, *found, captions=seen.captions, boxes=seen.boxes)


def joined(parts: Sequence[Images]) -> Images:
    """One set after the other."""
    first, *_ = parts
    found = {
        each.name: np.concatenate([getattr(part, each.name) for part in parts])
        for each in fields(Images)
        if getattr(first, each.name) is not None
    }
    return Images(**({"labels": None} | found))


def generated(
    generator: Network,
    labels: NDArray[np.int64] | None,
    count: int,
    seed: int,
    captions: NDArray[np.int64] | None = None,
    boxes: NDArray[np.float32] | None = None,
) -> Images:
    """`count` samples of an exported file, under the labels [count] or the captions [count, L] that it takes.

    A caption is of an image with that label, and so is its box [count, 4].
    """
    about = generator.description
    given = dict.fromkeys(filter(None, [about.label_input]), labels)
    given |= dict.fromkeys(about.inputs_of("text"), captions) | dict.fromkeys(about.inputs_of("box"), boxes)
    images = drawn(generator, sample_seeds(seed, count), Given(given))
    return Images(images, labels if given else None)


def drawn(generator: Network, seeds: NDArray[np.int64], given: Given = NOTHING) -> NDArray[np.uint8]:
    """A picture a seed, uint8 [N, C, H, W], or a volume, [N, 1, D, H, W]."""
    name = generator.description.picture
    return np.concatenate([generator.stored(part[name]) for part in generator.outputs(seeds, given)])


def sample_seeds(seed: int, count: int) -> NDArray[np.int64]:
    """One seed a sample, int64 [count]: neighbours, since their noise is unrelated."""
    return np.arange(count) + seed_of(seed, "evaluate samples") % (MAX_SEED + 2 - count)


def real(prepared: Prepared, part: Part, rows: NDArray[np.int64]) -> Images:
    """Some real images of a part, by their rows within it."""
    beside = {
        name: prepared.part(name, part)[rows] for name in ("captions", "boxes") if name in prepared.fields
    }
    labels = prepared.labels(part)[rows] if prepared.classes else None
    return Images(prepared.images(part)[rows], labels, **beside)


def shuffled(prepared: Prepared, part: Part, count: int, seed: int) -> NDArray[np.int64]:
    """`count` rows of a part, or all if it has no more, in the order of a stream of their own."""
    return shuffled_rows(prepared.counts[part]["total"], count, seed, f"evaluate real {part}")


def shuffled_rows(total: int, count: int, seed: int, purpose: str = "evaluate sources") -> NDArray[np.int64]:
    """`count` of `total` rows, or all, in the order of a stream of their own."""
    return torch.randperm(total, generator=stream(seed, purpose))[:count].numpy()


def alike(labels: NDArray[np.int64], shares: NDArray[np.integer], count: int, seed: int) -> NDArray[np.int64]:
    """Rows of labelled images whose classes have the proportions of `shares` [K], shuffled.

    As many as there are without using one twice, and no more than `count`.
    """
    members = np.bincount(labels, minlength=len(shares))
    asked = shares > 0
    most = int((members[asked] * shares.sum() / shares[asked]).min())
    wanted = np.minimum(shared_out(min(count, most), shares), members)
    order = torch.randperm(len(labels), generator=stream(seed, "evaluate alike")).numpy()
    place = np.empty(len(labels), np.int64)  # of each image among those of its class
    for label in range(len(shares)):
        of_class = order[labels[order] == label]
        place[of_class] = np.arange(len(of_class))
    return order[place[order] < wanted[labels[order]]]


def subset(seen: Images, count: int, seed: int) -> Images:
    """`count` of some images, in their own class shares; all, if they are no more."""
    labels = np.zeros(len(seen), np.int64) if seen.labels is None else seen.labels
    rows = alike(labels, np.bincount(labels), count, seed)
    return seen.take(rows)


def noise(like: Images, seed: int) -> Images:
    """Images of uniform noise with the labels of `like`: what a generator that learnt nothing scores."""
    source = stream(seed, "evaluate noise")
    pixels = torch.randint(0, 256, like.images.shape, dtype=torch.uint8, generator=source)
    return replace(like, images=pixels.numpy())
