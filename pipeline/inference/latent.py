"""The noise a picture is made from, as a function of its seed alone."""

import operator
from collections.abc import Sequence

import numpy as np

from pipeline.inference.errors import InferenceError

DISTRIBUTIONS = ("normal", "uniform")
MAX_SEED = 2**63 - 1


def latent(seeds: Sequence[int] | np.ndarray, z_dim: int, distribution: str) -> np.ndarray:
    """Return z: float32 [len(seeds), z_dim], from N(0, 1) ("normal") or U[0, 1) ("uniform").

    Row i depends on seeds[i] only: each seed keys its own Philox stream, so a picture does not change with
    the number of its neighbours. InferenceError for a seed that is not
    from 0 to MAX_SEED, and for another distribution.
    """
    if distribution not in DISTRIBUTIONS:
        raise InferenceError(f"latent distribution {distribution!r}: known are {', '.join(DISTRIBUTIONS)}")
    z = np.empty((len(seeds), z_dim), np.float32)
    for row, seed in zip(z, seeds, strict=True):
        key = operator.index(seed)
        if not 0 <= key <= MAX_SEED:
            raise InferenceError(f"seed {key}: a seed is a whole number from 0 to {MAX_SEED}")
        stream = np.random.Generator(np.random.Philox(key=key))
        if distribution == "normal":
            stream.standard_normal(dtype=np.float32, out=row)
        else:
            stream.random(dtype=np.float32, out=row)
    return z
