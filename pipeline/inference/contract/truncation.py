"""The truncation trick: fewer extremes in a normal latent, so cleaner pictures of less variety."""

from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np

from pipeline.inference.contract.description import Description
from pipeline.inference.contract.inputs import Given, columns
from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared.noise import LIMB, latent


def truncated(description: Description, given: Given, seeds: Sequence[int], threshold: float) -> Given:
    """Return what was given and, for latents that were not, rows from N(0, 1) cut at +-`threshold`.

    Brock et al. 2019, section 3.1, draw each number again until it lies within. The quantiles of that
    distribution, looked up where those of N(0, 1) would be, are the same without another draw: a seed's
    picture goes gradually to the mean. InferenceError for a uniform latent, or where none is drawn.
    """
    if not 0 < threshold < np.inf:
        raise InferenceError(f"--truncation {threshold:g}: say a number above 0, such as 0.7")
    names = [name for name in description.inputs_of("latent") if name not in given.rows]
    if not names:
        raise InferenceError(f"--truncation: no latent is drawn; {description.takes()}")
    for name in names:
        field = description.inputs[name]
        if field.about["distribution"] != "normal":
            raise InferenceError(f"--truncation: {name} is uniform, so it has no extremes; leave it out")
        shares = latent(seeds, field.shape[0], "uniform", columns(description)[name])
        given = given.with_rows(name, _quantiles(threshold)[(shares * LIMB).astype(np.int64)])
    return given


@cache
def _quantiles(threshold: float) -> np.ndarray:
    """Float32 [LIMB], ascending: of the cut distribution at the middles of LIMB equal shares."""
    normal = NormalDist()
    outside = normal.cdf(-threshold)
    shares = [outside + (1 - 2 * outside) * (index + 0.5) / LIMB for index in range(LIMB)]
    return np.array([normal.inv_cdf(share) for share in shares], np.float32)
