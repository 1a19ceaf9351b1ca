"""The noise a picture is made from, as a function of its seed alone: the same bits in every language.

A seed has 24 bits: two limbs of 12. Feistel rounds (Luby & Rackoff 1988, section 2) permute the 2^24 seeds:

    t = (right + key) mod 4096;   left, right = right, (left + floor(t t / 64)) mod 4096

SEED_ROUNDS of them scramble the seed; each dimension of z goes on from there with DIMENSION_ROUNDS under keys
of its own, and looks its last right limb up in a table of 4096 quantiles. Nothing on the way reaches 2^24, so
a runtime that holds integers in float32 computes the same (pipeline/export/seeded.py: as an ONNX graph).
"""

from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np

from pipeline.kinds.shared.errors import InferenceError

DISTRIBUTIONS = ("normal", "uniform")
LIMB_BITS = 12
MIDDLE_BITS = 6  # dropped from the square of a limb: its middle bits are what is added
LIMB = 2**LIMB_BITS  # values of a limb, and entries of the table
SEED_ROUNDS = 4
DIMENSION_ROUNDS = 3
MAX_SEED = LIMB**2 - 1


def latent(seeds: Sequence[int] | np.ndarray, z_dim: int, distribution: str, first: int = 0) -> np.ndarray:
    """Return z: float32 [len(seeds), z_dim], from N(0, 1) ("normal") or U[0, 1) ("uniform").

    Row i depends on seeds[i] only, and its first columns not on z_dim. Each column has keys of its own: a
    file that draws several inputs gives each the columns from `first` on, after those of the inputs before
    it. InferenceError for a seed that is not from 0 to MAX_SEED, and for another distribution.
    """
    table = quantiles(distribution)
    state = checked_seeds(seeds).astype(np.uint32)
    left, right = state >> LIMB_BITS, state & (LIMB - 1)
    seed_keys, dimension_keys = keys(first + z_dim)
    for key in seed_keys:
        left, right = _round(left, right, key)
    left, right = left[:, None], right[:, None]
    for key in dimension_keys[:, first:]:
        left, right = _round(left, right, key)
    return table[right]


def checked_seeds(seeds: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return `seeds` as an array; InferenceError names one that is not from 0 to MAX_SEED."""
    array = np.asarray(seeds)
    if len(array) and array.dtype.kind not in "iuO":  # O: larger than 64 bits
        raise InferenceError(f"seeds are {array.dtype}: a seed is a whole number from 0 to {MAX_SEED}")
    wrong = array[(array < 0) | (array > MAX_SEED)]
    if wrong.size:
        raise InferenceError(f"seed {wrong[0]}: a seed is a whole number from 0 to {MAX_SEED}")
    return array


@cache
def quantiles(distribution: str) -> np.ndarray:
    """Return the table, float32 [LIMB] and ascending: quantiles at the middles of LIMB equal shares."""
    if distribution not in DISTRIBUTIONS:
        raise InferenceError(f"latent distribution {distribution!r}: known are {', '.join(DISTRIBUTIONS)}")
    middles = [(index + 0.5) / LIMB for index in range(LIMB)]
    if distribution == "normal":
        middles = [NormalDist().inv_cdf(middle) for middle in middles]
    return np.array(middles, np.float32)


@cache
def keys(z_dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of the rounds: uint32 [SEED_ROUNDS] and [DIMENSION_ROUNDS, z_dim], all below LIMB.

    The top 12 bits of the minimal standard generator (Park & Miller 1993), one dimension after the other.
    """
    modulus, state, drawn = 2**31 - 1, 1, []
    for _ in range(SEED_ROUNDS + DIMENSION_ROUNDS * z_dim):
        state = state * 48271 % modulus
        drawn.append(state * LIMB // (modulus + 1))
    array = np.array(drawn, np.uint32)
    return array[:SEED_ROUNDS], array[SEED_ROUNDS:].reshape(z_dim, DIMENSION_ROUNDS).T


def _round(left: np.ndarray, right: np.ndarray, key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mixed = (right + key) & (LIMB - 1)
    return right, (left + (mixed * mixed >> MIDDLE_BITS)) & (LIMB - 1)
