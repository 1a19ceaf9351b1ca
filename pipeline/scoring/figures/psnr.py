"""The peak signal-to-noise ratio of translations against what should have come out."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.figures.pixel_error import UNTOUCHED
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

FIGURES = {
    "psnr": About(
        place=92,
        title="PSNR, dB",
        good="high",
        explanation="The squared error of a pixel against what should have come out, on a scale of "
        f"logarithms, as the mean over the images: 10 dB are a tenth of the error. {UNTOUCHED}",
    )
}
NEEDS = {"image", "translated", "seed"}
ORDER = 251
LEAST = (0.5 / 255) ** 2  # squared error: bytes tell no less than half a level


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of pairs that the generator did not learn from."""
    values, noise = evidence["translated"].held_against_truth(psnr)
    return {"psnr": of_mean(values, noise, seed_of(evidence["seed"], "PSNR"))}


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """10 log10(1 / mean squared error), white being 1, of images [N, C, H, W]: dB [N], at most 54.2."""
    difference = (one.astype(np.float64) - other) / 255
    errors = np.square(difference).reshape(len(difference), -1).mean(1)
    return -10 * np.log10(np.maximum(errors, LEAST))
