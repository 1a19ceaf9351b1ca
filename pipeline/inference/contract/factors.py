"""Directions found without labels or samples: what a generator's first layers turn the most."""

from pathlib import Path

import numpy as np

from pipeline.inference.contract.graph import first_weights
from pipeline.inference.errors import InferenceError

LEAST = 1e-9  # of the largest eigenvalue: what is weaker moves nothing


def factors(path: Path, name: str, width: int) -> np.ndarray:
    """Return float64 [K, width], K <= width directions of length 1, the strongest first.

    The eigenvectors of A^T A (Shen and Zhou 2021, section 3), where A [outputs, width] are the weights of all
    linear layers of the file that take the input `name` first, one below the other. The largest number of
    each is positive, for either sign would do.
    """
    weights = first_weights(path, name, width)
    if not weights:
        raise InferenceError(f"{path}: no linear layer takes {name}, so no direction can be read from it")
    stacked = np.concatenate(weights)
    strengths, vectors = np.linalg.eigh(stacked.T @ stacked)  # ascending, in columns
    rows = vectors.T[strengths > LEAST * strengths[-1]][::-1]
    largest = np.abs(rows).argmax(1)[:, None]
    return rows * np.sign(np.take_along_axis(rows, largest, axis=1))
