"""Whether the colours of translations are as frequent as they should be (Isola et al. 2017, table 5)."""

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.figures.pixel_error import UNTOUCHED
from pipeline.scoring.spread import counts, interval
from pipeline.streams import seed_of

FIGURES = {
    "colour_match": About(
        place=94,
        title="colour match",
        good="high",
        explanation="The histogram intersection of the colour channels a and b (CIE Lab) between outputs and "
        "what should have come out, the mean of both: 1 where each shade is as frequent. Dull averages of "
        f"colours lower it. {UNTOUCHED}",
    )
}
NEEDS = {"image", "translated", "seed"}
ORDER = 253
EDGES = np.arange(-128, 129, 4)  # of the bins, in a and in b
# sRGB to XYZ (IEC 61966-2-1); white, D65, is the sum of each row
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
KNEE = (6 / 29) ** 3


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of pairs that the generator did not learn from; none where what comes out is grey."""
    found, seed = evidence["translated"], seed_of(evidence["seed"], "colour match")
    if found.truth.images.shape[1] == 1:
        return {}
    made, truth, plain = (histograms(seen.images) for seen in (found.made, found.truth, found.untouched))
    value, noise = (intersection(each.mean(0), truth.mean(0)) for each in (made, plain))
    strata = np.zeros(len(made), np.int64)
    draws = np.array([_drawn(made, truth, often) for often in counts(strata, seed)])
    return {
        "colour_match": {"value": value, "real": None, "noise": noise}
        | interval(value, draws)
        | {"draws": draws}
    }


def _drawn(made: NDArray, truth: NDArray, often: NDArray[np.int64]) -> float:
    share = often / often.sum()
    return intersection(*(np.tensordot(share, each, 1) for each in (made, truth)))


def intersection(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The mean over the channels of what two histograms [2, bins], each of sum 1, have in common."""
    return float(np.minimum(one, other).sum(1).mean())


def histograms(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Of a and b in each of the images [N, 3, H, W]: shares of its pixels, [N, 2, bins]."""
    return np.stack([[_shares(channel) for channel in lab(image)[1:]] for image in images])


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.histogram(values, EDGES)[0] / values.size


def lab(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIE 1976 L*a*b* of sRGB [3, H, W], in the same form."""
    shown = image / 255
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    xyz = np.tensordot(TO_XYZ / TO_XYZ.sum(1, keepdims=True), linear, 1)
    bent = np.where(xyz > KNEE, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = bent
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])
