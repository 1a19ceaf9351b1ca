"""How well test images come back from their codes, and the bound on their likelihood.

Kingma and Welling 2014, eqs. (3) and (10).
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.parts import Posterior
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

FIGURES = {
    "reconstruction": About(
        place=84,
        title="reconstruction error",
        good="low",
        explanation="Squared error of test images that went through encoder and decoder, a pixel, white "
        "being 1. Noise: of the mean training image in their place.",
    ),
    "negative_elbo": About(
        place=86,
        title="-ELBO, nats",
        good="low",
        explanation="The bound on minus the log likelihood of a test image, one code drawn for each: what "
        "its pixels cost given the code, and the code itself.",
    ),
}
NEEDS = {"posterior", "training", "seed"}
ORDER = 200
FAINTEST = 1e-7  # chance of a pixel: what float32 holds of 1 minus it


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Both; the bound only where the decoder gives pixels chances."""
    found, seed = evidence["posterior"], evidence["seed"]
    white = found.images.images / np.float32(255)
    mean_image = evidence["training"].images.mean(0, dtype=np.float64) / 255
    errors = _squared(_white(found.decode(found.mean)) - white)
    plain = float(_squared(white - mean_image).mean())
    drawn = seed_of(seed, "reconstructions")
    figures = {"reconstruction": of_mean(errors, plain, drawn)}
    if found.likelihood == "bernoulli":
        figures["negative_elbo"] = of_mean(negative_elbo(found, white, seed), None, drawn)
    return figures


def negative_elbo(found: Posterior, white: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """-E log p(x|z) + KL(q(z|x) | N(0, 1)) of each image, in nats, [N]; one z is drawn for each."""
    noise = np.random.default_rng(seed_of(seed, "codes of the bound")).standard_normal(found.mean.shape)
    mean, log_variance = (value.astype(np.float64) for value in (found.mean, found.log_variance))
    z = (mean + np.exp(log_variance / 2) * noise).astype(np.float32)
    chance = np.clip(_white(found.decode(z)).astype(np.float64), FAINTEST, 1 - FAINTEST)
    cost = -(white * np.log(chance) + (1 - white) * np.log1p(-chance)).reshape(len(white), -1).sum(1)
    return cost - (1 + log_variance - mean**2 - np.exp(log_variance)).sum(1) / 2


def _white(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """From [-1, 1] to how white a pixel is, 0 to 1."""
    return (images + 1) / 2


def _squared(difference: NDArray[np.floating]) -> NDArray[np.float64]:
    """The mean over the pixels of each image, [N]."""
    return np.square(difference, dtype=np.float64).reshape(len(difference), -1).mean(1)
