"""The key figures again in the eyes of the judges after the first: one that errs is then found out."""

from pipeline.scoring.candidates import look_at
from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.figures.fid import frechet
from pipeline.scoring.figures.label_accuracy import accuracy

FIGURES = {
    "{}_fid": About(
        place=22,
        title="{}-FID",
        good="low",
        explanation="The judge-FID again, in the features of the judge {}: what looks good to one judge "
        "alone is an accident.",
    ),
    "texture_fid": About(  # of a judge of this name, in place of the words above
        place=22,
        title="texture-FID",
        good="low",
        explanation="The judge-FID again, by a judge that sees patches of seven pixels and less.",
    ),
    "{}_label_accuracy": About(
        place=81,
        title="label accuracy, {}",
        good="as real",
        explanation="The same, in the eyes of the judge {}.",
    ),
}
NEEDS = {"other_judges", "fake", "floor", "floor_part", "noise", "test", "seed"}
ORDER = 30


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of each judge the FID; where there are labels, of those that see shapes the accuracy, too."""
    figures = {}
    for name, judge in evidence["other_judges"].items():
        seen = {who: look_at(judge, one) for who, one in contestants(evidence).items()}
        figures[f"{name}_fid"] = frechet(evidence, seen, look_at(judge, evidence["test"]))
        if "labels" in evidence and judge.description["architecture"] != "texture":
            figures[f"{name}_label_accuracy"] = accuracy(evidence, seen)
    return figures
