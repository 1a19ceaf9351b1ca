"""The structural similarity of translations and what should have come out (Wang et al. 2004)."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.figures.pixel_error import UNTOUCHED
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

FIGURES = {
    "ssim": About(
        place=93,
        title="SSIM",
        good="high",
        explanation="How alike outputs and what should have come out are in brightness, contrast and "
        f"structure, window by window; 1 where they are the same. {UNTOUCHED}",
    )
}
NEEDS = {"image", "translated", "seed"}
ORDER = 252
RADIUS, DEVIATION = 5, 1.5  # of the window, 11x11, a Gaussian (section III-B)
C1, C2 = 0.01**2, 0.03**2
_BLOCK = 1000  # images at a time: a few dozen MB


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of pairs that the generator did not learn from; none where an image is smaller than the window."""
    found = evidence["translated"]
    if min(found.truth.images.shape[2:]) <= 2 * RADIUS:
        return {}
    values, noise = found.held_against_truth(ssim)
    return {"ssim": of_mean(values, noise, seed_of(evidence["seed"], "SSIM"))}


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean over whole windows and channels of images [N, C, H, W]: [N], -1 to 1 (eq. (13))."""
    blocks = (slice(start, start + _BLOCK) for start in range(0, len(one), _BLOCK))
    return np.concatenate([_ssim(one[block] / 255, other[block] / 255) for block in blocks])


def _ssim(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    mean_x, mean_y = _windows(x), _windows(y)
    variances = _windows(x * x) - mean_x**2 + _windows(y * y) - mean_y**2
    covariance = _windows(x * y) - mean_x * mean_y
    alike = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    return (alike / ((mean_x**2 + mean_y**2 + C1) * (variances + C2))).mean((1, 2, 3))


def _windows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted mean of each window that lies in the image, [N, C, H - 10, W - 10]."""
    smooth = gaussian_filter(values, DEVIATION, radius=RADIUS, axes=(2, 3))
    return smooth[:, :, RADIUS:-RADIUS, RADIUS:-RADIUS]
