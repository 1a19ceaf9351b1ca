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


def nearest(points: NDArray, queries: NDArray) -> NDArray[np.float32]:
    """The distance from each query [Q, ...] to the nearest of the points [N, ...], float32 [Q].

    The points may be a memory map larger than the memory.
    """
    found = torch.full((len(queries),), torch.inf)
    for part, _, block in _blocks(points, queries):
        found[part] = torch.minimum(found[part], block.amin(dim=1))
    return found.numpy()


def nearest_rows(points: NDArray, queries: NDArray, k: int) -> NDArray[np.int64]:
    """Which k of the points [N, ...] lie nearest to each query [Q, ...], the nearest first: int64 [Q, k].

    N must be k or more; the points may be a memory map larger than the memory.
    """
    found = torch.full((len(queries), k), torch.inf)
    rows = torch.zeros((len(queries), k), dtype=torch.int64)
    for part, first, block in _blocks(points, queries):
        near, columns = block.topk(min(k, block.shape[1]), largest=False)
        found[part], kept = torch.cat([found[part], near], dim=1).topk(k, largest=False)
        rows[part] = torch.cat([rows[part], columns + first], dim=1).gather(1, kept)
    return rows.numpy()


def _blocks(points: NDArray, queries: NDArray) -> Iterator[tuple[slice, int, Tensor]]:
    """Yield distances as blocks [<= QUERIES, <= POINTS]: of which queries, and from which point on."""
    for first in range(0, len(points), POINTS):
        columns = _rows(points[first : first + POINTS])
        for start in range(0, len(queries), QUERIES):
            part = slice(start, start + QUERIES)
            yield part, first, _between(_rows(queries[part]), columns)


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
