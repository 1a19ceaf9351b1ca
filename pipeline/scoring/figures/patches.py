"""The sliced Wasserstein distance of small patches at several scales (Karras et al. 2018, section 5).

It needs no judge, no labels and no training, and sees texture: what small squares of pixels look like.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure, each
from pipeline.streams import seed_of, stream

FIGURES = {
    "patch_distance": About(
        place=40,
        title="patch distance",
        good="low",
        explanation="Distance of small patches at several scales, in grey levels: texture, by no judge.",
    )
}
NEEDS = {"image", "fake", "floor", "noise", "test", "seed"}
ORDER = 40
SIDE = 7  # pixels of a patch
PATCHES = 40_000  # of each set and scale
DIRECTIONS = 64
SMALLEST = 16  # pixels a side of the coarsest scale
CONSTANTS = {"patches: side, number, directions": [SIDE, PATCHES, DIRECTIONS]}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of the images as they are."""
    test, seed = evidence["test"].images, evidence["seed"]
    figure = each(contestants(evidence), lambda seen: patch_distance(seen.images, test, seed))
    return {"patch_distance": figure}


def patch_distance(images: NDArray[np.uint8], reference: NDArray[np.uint8], seed: int) -> float:
    """How far the patches of two sets [N, C, H, W] and [M, C, H, W] are apart, in grey levels.

    The mean over the scales; at each, patches of the band of detail that the next coarser one lacks.
    """
    distances = [
        _sliced(_patches(ours, seed), _patches(theirs, seed), seed_of(seed, "patch directions", scale))
        for scale, (ours, theirs) in enumerate(zip(_bands(images), _bands(reference), strict=True))
    ]
    return float(np.mean(distances))


def _bands(images: NDArray[np.uint8]) -> list[Tensor]:
    """A Laplacian pyramid (Burt & Adelson 1983): the details of each scale, and the coarsest picture."""
    level = torch.from_numpy(np.asarray(images)).float()
    bands = []
    while level.shape[-1] >= 2 * SMALLEST:
        coarse = F.avg_pool2d(level, 2)
        bands.append(level - F.interpolate(coarse, size=level.shape[-2:], mode="bilinear"))
        level = coarse
    return [*bands, level]


def _patches(band: Tensor, seed: int) -> Tensor:
    """Patches at random places, the same for any images of this size, float32 [n, C * SIDE * SIDE]."""
    count, channels, height, width = band.shape
    each = max(1, PATCHES // count)
    source = stream(seed, "patch places", height)
    top = torch.randint(height - SIDE + 1, (count, each), generator=source)
    left = torch.randint(width - SIDE + 1, (count, each), generator=source)
    windows = band.unfold(2, SIDE, 1).unfold(3, SIDE, 1)  # a view [N, C, H', W', SIDE, SIDE]
    rows = torch.arange(count)[:, None].expand(-1, each)
    return windows[rows, :, top, left].reshape(-1, channels * SIDE * SIDE)


def _sliced(ours: Tensor, theirs: Tensor, seed: int) -> float:
    """The mean over random directions of the distance W1 between the projections of [n, D] and [m, D]."""
    source = torch.Generator().manual_seed(seed)
    directions = F.normalize(torch.randn(ours.shape[1], DIRECTIONS, generator=source), dim=0)
    size = min(len(ours), len(theirs))
    # of the longer one as many, evenly from all over its images
    projected = [
        (part[torch.linspace(0, len(part) - 1, size).long()] @ directions).sort(dim=0).values
        for part in (ours, theirs)
    ]
    return float((projected[0] - projected[1]).abs().mean())
