"""How far translations are from what should have come out, a pixel (Isola et al. 2017, eq. (3))."""

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.figures.cycle import distance
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

# of the figures that compare translations with what should have come out
UNTOUCHED = (
    "Noise: of doing nothing: of the input where it can stand in the output's place, by bicubic "
    "interpolation where it is smaller, else of the mean training image."
)
FIGURES = {
    "pixel_error": About(
        place=91,
        title="L1",
        good="low",
        explanation="How far outputs are from what should have come out: the mean difference of a pixel, "
        f"white being 1. {UNTOUCHED}",
    )
}
NEEDS = {"image", "translated", "seed"}
ORDER = 250


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of pairs that the generator did not learn from."""
    values, noise = evidence["translated"].held_against_truth(distance)
    return {"pixel_error": of_mean(values, noise, seed_of(evidence["seed"], "pixel error"))}
