"""Distances between many points, in blocks that fit the memory."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

QUERIES, POINTS = 1000, 10_000  # a block's rows and columns


def distances(queries: NDArray, points: NDArray) -> Iterator[NDArray[np.float32]]:
    """Yield the Euclidean distances from queries [Q, ...] to points [N, ...] as blocks [<= QUERIES, N]."""
    columns = _rows(points)
    for start in range(0, len(queries), QUERIES):
        yield _between(_rows(queries[start : start + QUERIES]), columns).numpy()


def nearest_rows(points: NDArray, queries: NDArray, k: int) -> NDArray[np.int64]:
    """Which k of the points [N, ...] lie nearest to each query [Q, ...], the nearest first: int64 [Q, k].

    N must be k or more; the points may be a memory map larger than the memory.
    """
    found = torch.full((len(queries), k), torch.inf)
    rows = torch.zeros((len(queries), k), dtype=torch.int64)
    for first in range(0, len(points), POINTS):
        columns = _rows(points[first : first + POINTS])
        for start in range(0, len(queries), QUERIES):
            part = slice(start, start + QUERIES)
            block = _between(_rows(queries[part]), columns)
            near, places = block.topk(min(k, len(columns)), largest=False)
            found[part], kept = torch.cat([found[part], near], dim=1).topk(k, largest=False)
            rows[part] = torch.cat([rows[part], places + first], dim=1).gather(1, kept)
    return rows.numpy()


def row_distances(a: NDArray, b: NDArray) -> NDArray[np.float32]:
    """The Euclidean distance between the rows of a and b [N, ...], exact for equal ones, float32 [N]."""
    return torch.linalg.vector_norm(_rows(a) - _rows(b), dim=1).numpy()


def radii(points: NDArray, k: int) -> NDArray[np.float32]:
    """The distance of each point [N, ...] to its k-th nearest other point, float32 [N]; N must be above k."""
    # The nearest of all, at index 0, is the point itself.
    found = [
        torch.from_numpy(block).topk(k + 1, largest=False).values[:, k] for block in distances(points, points)
    ]
    return torch.cat(found).numpy()


def _rows(points: NDArray) -> Tensor:
    """Points [N, ...] as float32 [N, D]."""
    return torch.from_numpy(np.asarray(points, np.float32).reshape(len(points), -1))


def _between(queries: Tensor, points: Tensor) -> Tensor:
    """Distances by way of a matrix product: much faster, and off by at most 1e-3 of the points' length."""
    return torch.cdist(queries, points, compute_mode="use_mm_for_euclid_dist")
