"""Whether test images that went through encoder and generator are still of their class."""

from dataclasses import replace

import numpy as np

from pipeline.scoring.candidates import look_at
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.figures.label_accuracy import accuracy
from pipeline.streams import seed_of

FIGURES = {
    "label_kept": About(
        place=85,
        title="label kept",
        good="as real",
        explanation="Share of test images that the judge sees in their own class still when they went "
        "through encoder and generator; the mean over the classes. Real: of the test images themselves. "
        "Noise: of what came back from another image.",
    )
}
NEEDS = {"returned", "test", "floor_part", "judges", "classes", "seed"}
ORDER = 205


def measure(evidence: Evidence) -> dict[str, Figure]:
    """In the eyes of the first judge."""
    seen = look_at(next(iter(evidence["judges"].values())), evidence["returned"])
    order = np.random.default_rng(seed_of(evidence["seed"], "labels of others")).permutation(len(seen))
    others = replace(seen, labels=seen.labels[order])
    return {"label_kept": accuracy(evidence, {"value": seen, "real": evidence["test"], "noise": others})}
