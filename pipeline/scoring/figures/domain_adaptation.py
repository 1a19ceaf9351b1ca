"""Unsupervised domain adaptation at the level of pixels (Bousmalis et al. 2017, table 1)."""

import numpy as np

from pipeline.scoring import candidates
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.figures.train_on_generated import train_on
from pipeline.scoring.spread import over_seeds

FIGURES = {
    "domain_adaptation": About(
        place=98,
        title="train on translated",
        good="high",
        explanation="Accuracy on the real test images of classifiers trained on nothing but translations of "
        "labelled training images. Real: trained on as many real images, or on all where they are fewer. "
        "Noise: trained on the images untranslated.",
    )
}
NEEDS = {"learnt_from", "learnt_as", "training", "test", "seed"}
ORDER = 155


def measure(evidence: Evidence) -> dict[str, Figure]:
    """As source, target and adapted are compared; of several fresh classifiers each."""
    seed, test, plain = evidence["seed"], evidence["test"], evidence["learnt_from"]
    real = candidates.subset(evidence["training"], len(plain), seed)
    sides = {"value": evidence["learnt_as"], "real": real, "noise": plain}
    found = {who: train_on(seen, test, seed) for who, seen in sides.items()}
    noise = float(np.mean(found.pop("noise")))
    return {"domain_adaptation": over_seeds(found, seed) | {"noise": noise}}
