"""Whether a judge reads the class off translations, and whether off what went in."""

from pipeline.scoring.candidates import look_at
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.figures.label_accuracy import accuracy
from pipeline.scoring.figures.pixel_error import UNTOUCHED

FIGURES = {
    "label_restored": About(
        place=95,
        title="label restored",
        good="as real",
        explanation="Share of outputs in which the judge sees the class of what should have come out; the "
        f"mean over the classes. {UNTOUCHED}",
    )
}
NEEDS = {"translated", "floor", "floor_part", "test", "judges", "classes", "seed"}
ORDER = 254


def measure(evidence: Evidence) -> dict[str, Figure]:
    """In the eyes of the first judge."""
    found, judge = evidence["translated"], next(iter(evidence["judges"].values()))
    seen = {"value": found.made, "real": evidence["floor"], "noise": look_at(judge, found.untouched)}
    return {"label_restored": accuracy(evidence, seen)}
