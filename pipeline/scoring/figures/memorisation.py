"""Whether samples are copies of training images."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.neighbours import nearest_rows, row_distances
from pipeline.scoring.spread import of_shares
from pipeline.streams import seed_of

FIGURES = {
    "memorised_in_judge_space": About(
        place=140,
        title="near copies, by the judge",
        good="as real",
        explanation="Share of samples as close to a training image, in the judge's features and beside that "
        "image's own nearest neighbour, as only 1 % of unseen real images are.",
    ),
    "memorised_in_pixels": About(
        place=141,
        title="near copies, by pixels",
        good="as real",
        explanation="The same, with the distance taken between pixels, each sample moved by up to a pixel to "
        "where it fits best.",
    ),
}
NEEDS = {"fake", "test", "training", "training_features", "seed"}
ORDER = 90
CLOSE = 0.01  # of unseen real images, this share lies as close to a training image
COARSE, CANDIDATES = 8, 20  # pixels a side by which candidates are found, and how many are looked at in full
SHIFT = 1  # pixels that a copy may be moved by in either direction
BLOCK = 250  # queries at a time
CONSTANTS = {
    "near copies: share of real ones": CLOSE,
    "near copies: candidates, pixels moved": [CANDIDATES, SHIFT],
}

# The nearest of the training images [T, ...] to each query [Q, ...] but for the rows [Q] left out, if any:
# distances float32 [Q] and rows int64 [Q].
Search = Callable[[NDArray, NDArray, NDArray[np.int64] | None], tuple[NDArray[np.float32], NDArray[np.int64]]]


def measure(evidence: Evidence) -> dict[str, Figure]:
    """All samples; half of the test images say what is usual, the other half is held against them."""
    contestants, half = (evidence["fake"], evidence["test"]), len(evidence["test"]) // 2
    spaces = {
        "memorised_in_judge_space": (lambda seen: seen.features, evidence["training_features"], in_features),
    }
    if "image" in evidence:
        spaces["memorised_in_pixels"] = (lambda seen: seen.images, evidence["training"].images, in_pixels)
    figures = {}
    for name, (view, training, search) in spaces.items():
        own = own_distances(training, search)
        fake, test = (closeness(view(seen), training, search, own) for seen in contestants)
        usual, found = test[:half], {"value": fake, "real": test[half:]}
        copied = {who: memorised(distances, usual) for who, distances in found.items()}
        figures[name] = of_shares(copied, seed_of(evidence["seed"], name)) | {"noise": None}
    return figures


def closeness(
    queries: NDArray,
    training: NDArray,
    search: Search,
    own: Callable[[NDArray[np.int64]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """How near each query [Q, ...] is to a training image, as that image's neighbours go: float32 [Q].

    The distance to the nearest of the training images [T, ...], over that one's distance to its own nearest
    other (`own`, of rows): around 1 for a new image; 0 for a copy, also among classes that are dense.
    """
    distances, rows = search(queries, training, None)
    return distances / np.maximum(own(rows), 1e-6)


def own_distances(training: NDArray, search: Search) -> Callable[[NDArray[np.int64]], NDArray[np.float32]]:
    """How far rows of the training images lie from their nearest other; each is looked up once."""
    known = np.full(len(training), np.nan, np.float32)

    def look_up(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        new = np.unique(rows[np.isnan(known[rows])])
        if len(new):
            known[new] = search(training[new], training, new)[0]
        return known[rows]

    return look_up


def in_features(
    queries: NDArray, training: NDArray, leave_out: NDArray[np.int64] | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`Search` among feature vectors [Q, D] and [T, D]."""
    rows = nearest_rows(training, queries, 1 if leave_out is None else 2)
    rows = rows[:, 0] if leave_out is None else np.where(rows[:, 0] == leave_out, rows[:, 1], rows[:, 0])
    return row_distances(queries, training[rows]), rows


def in_pixels(
    queries: NDArray, training: NDArray, leave_out: NDArray[np.int64] | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`Search` among images uint8 [Q, C, H, W] and [T, C, H, W], each query moved to where it fits best.

    Else a copy moved by a pixel would pass. Candidates are the nearest when all is coarse.
    """
    count = min(CANDIDATES + (leave_out is not None), len(training))
    candidates = nearest_rows(_coarse(training), _coarse(queries), count)
    distances = np.concatenate(
        [
            _aligned(queries[start : start + BLOCK], training, candidates[start : start + BLOCK])
            for start in range(0, len(queries), BLOCK)
        ]
    )
    if leave_out is not None:
        distances[candidates == leave_out[:, None]] = np.inf
    best = distances.argmin(axis=1)[:, None]
    return tuple(np.take_along_axis(part, best, axis=1)[:, 0] for part in (distances, candidates))


def _coarse(images: NDArray) -> NDArray[np.float32]:
    parts = [
        F.adaptive_avg_pool2d(torch.from_numpy(np.array(images[start : start + 5000])).float(), COARSE)
        for start in range(0, len(images), 5000)
    ]
    return torch.cat(parts).numpy()


def _aligned(queries: NDArray, training: NDArray, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The least distance over all moves of queries [Q, C, H, W] to rows [Q, k] of the training images."""
    moves = range(-SHIFT, SHIFT + 1)
    found = torch.from_numpy(np.array(training[rows.ravel()])).float().reshape(*rows.shape, -1)
    nearest = torch.full(rows.shape, torch.inf)
    for moved in (np.roll(queries, (down, right), axis=(2, 3)) for down in moves for right in moves):
        wanted = torch.from_numpy(moved).float().reshape(len(queries), 1, -1)
        nearest = torch.minimum(nearest, torch.linalg.vector_norm(found - wanted, dim=2))
    return nearest.numpy()


def memorised(found: NDArray[np.floating], usual: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which samples are as close to a training image as only CLOSE of unseen real images are, bool [N].

    found: `closeness` of the samples, [N]; usual: of real images that were held out, [M].
    """
    return found <= np.quantile(usual, CLOSE)
