"""Classification accuracy score (Ravuri & Vinyals 2019): train on samples, test on real images."""

import numpy as np
from numpy.typing import NDArray

from pipeline.params import JudgeParams
from pipeline.scoring.candidates import Candidate, Images
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.judges.networks import JudgeShape, convolutional, initialise
from pipeline.scoring.judges.training import fit
from pipeline.scoring.spread import over_seeds
from pipeline.streams import seed_of

FIGURES = {
    "train_on_generated": About(
        place=90,
        title="train on it, test on real",
        good="high",
        explanation="Accuracy on the real test images of classifiers trained on nothing but samples. Real: "
        "trained on as many real images. Noise: always the most frequent class.",
    )
}
NEEDS = {"fake", "floor", "test", "labels", "seed"}
ORDER = 150
SEEDS = 3
# Half the judge, so that six trainings take a minute.
WIDTH, EPOCHS, BATCH, LR = 16, 6, 128, 4e-3
CONSTANTS = {"train on generated: seeds, epochs": [SEEDS, EPOCHS]}


def measure(evidence: Evidence) -> dict[str, Figure]:
    """What nothing can be learnt from scores as the most frequent class does."""
    test, sides = evidence["test"], {"value": evidence["fake"], "real": evidence["floor"]}
    found = {who: train_on(seen, test, evidence["seed"]) for who, seen in sides.items()}
    noise = float(np.bincount(test.labels).max() / len(test))
    return {"train_on_generated": over_seeds(found, evidence["seed"]) | {"noise": noise}}


def train_on(shown: Images, test: Candidate, seed: int) -> NDArray[np.bool_]:
    """Which labelled `test` images [M] fresh classifiers tell right that saw nothing but `shown`.

    Both have labels; one row a seed, [SEEDS, M]. No image is moved or turned: that would stand in for variety
    that the samples lack.
    """
    shape = JudgeShape(*shown.images.shape[1:3], test.logits.shape[1], shown.images.ndim - 2)
    right = np.zeros((SEEDS, len(test)), bool)
    for index in range(SEEDS):
        own = seed_of(seed, "train on generated", index)
        network = initialise(convolutional(shape, WIDTH), own)
        params = JudgeParams(
            architecture="convolutional", seed=own, epochs=EPOCHS, batch=BATCH, lr=LR, min_accuracy=0.0
        )
        fit(network, shown.images, shown.labels, params, "train, then test on real", moved=False)
        _, logits = Judge(network, {"shape": vars(shape)}).features_and_logits(test.images)
        right[index] = logits.argmax(axis=1) == test.labels
    return right
