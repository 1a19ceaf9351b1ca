"""What the figures are computed from: samples of the exported file, real images, and noise."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.datasets.prepared import Prepared
from pipeline.errors import UserError
from pipeline.files import sha256_of
from pipeline.inference import Generator
from pipeline.inference.errors import InferenceError
from pipeline.params import EvaluateParams
from pipeline.scoring import candidates
from pipeline.scoring.candidates import Candidate
from pipeline.scoring.inception import Inception
from pipeline.scoring.judge import Judge

FEWEST = 20  # real images of a split: below, neighbours and halves of them mean nothing


@dataclass(frozen=True)
class Reference:
    """What every generator of this data is held against; `train` and `noise` are as many images."""

    train: Candidate  # real training images: how good a perfect generator would look
    noise: Candidate  # how good one that learnt nothing would
    test: Candidate  # the real images that all are held against
    classes: list[str]  # empty: the data set has none
    training_images: NDArray[np.uint8]  # all of them, [T, C, H, W]
    training_features: NDArray[np.float32]  # [T, D]
    judge: Judge  # whose features and logits the candidates carry
    second_judge: Judge
    inception: Inception | None  # None: no weights for it were given
    seed: int


@dataclass(frozen=True)
class Evidence(Reference):
    """The reference, and as many samples of one generator as it has training images."""

    fake: Candidate

    def contestants(self) -> dict[str, Candidate]:
        """Who is held against the test images, by the key of its figure."""
        return {"value": self.fake, "real": self.train, "noise": self.noise}


def open_generator(path: Path, prepared: Prepared) -> Generator:
    """Open an exported file; UserError if it is none, or makes images unlike the prepared ones."""
    try:
        generator = Generator(path)
    except InferenceError as error:
        raise UserError(str(error)) from None
    made, wanted = generator.description, (prepared.channels, prepared.size, prepared.size)
    if made.image_shape != wanted:
        raise UserError(
            f"{path} makes images {list(made.image_shape)}, {prepared.folder} holds {list(wanted)}"
        )
    if made.classes and list(made.classes) != prepared.classes:
        raise UserError(f"{path} knows the classes {', '.join(made.classes)}: not those of {prepared.folder}")
    return generator


def gather(
    generator: Generator, prepared: Prepared, judges: tuple[Judge, Judge], params: EvaluateParams
) -> Evidence:
    """Draw samples, real images and noise, and show each to the first judge once."""
    return draw_samples(generator, refer(prepared, judges, params))


def refer(prepared: Prepared, judges: tuple[Judge, Judge], params: EvaluateParams) -> Reference:
    """The part of the evidence that is the same for all generators.

    As many images as samples asked for, or as there are training images if those are fewer: the floor is
    computed at the same count, and a distance depends on the count. UserError where there are too few real
    images, or the weights of Inception that were asked for can't be used.
    """
    for split in ("train", "test"):
        found = len(prepared.images(split))
        if found < FEWEST:
            raise UserError(f"{prepared.folder} has {found} {split} images: scores need {FEWEST} or more")
    judge, second_judge = judges
    training_images = prepared.images("train")
    count = min(params.samples, len(training_images))
    train = candidates.real(prepared, judge, "train", count, params.seed)
    test = candidates.real(prepared, judge, "test", params.samples, params.seed)
    weights = params.inception_weights
    return Reference(
        train=train,
        noise=candidates.noise(train, judge, params.seed),
        test=test,
        classes=prepared.classes,
        training_images=training_images,
        training_features=judge.features_and_logits(training_images)[0],
        judge=judge,
        second_judge=second_judge,
        inception=None if weights is None else Inception(Path(weights), train.images, test.images),
        seed=params.seed,
    )


def draw_samples(generator: Generator, reference: Reference) -> Evidence:
    """The evidence on one generator; UserError if it fails while running."""
    try:
        fake = candidates.generated(generator, reference.judge, len(reference.train), reference.seed)
    except InferenceError as error:
        raise UserError(f"{generator.description.name}: {error}") from None
    # Noise is held to the labels that the generator was asked for, if it takes any.
    shared = vars(reference) | {"noise": replace(reference.noise, labels=fake.labels)}
    return Evidence(**shared, fake=fake)


def protocol(file: Path, evidence: Evidence, prepared: Prepared, params: EvaluateParams) -> dict[str, Any]:
    """Under what conditions the figures were taken: without it they mean nothing."""
    return {
        "generator": {"file": file.name, "sha256": sha256_of(file)},
        "data": {"name": prepared.dataset, "digest": prepared.digest, "size": prepared.size},
        "judge": _identity(evidence.judge),
        "second_judge": _identity(evidence.second_judge),
        "inception": {"sha256": evidence.inception.sha256} if evidence.inception else None,
        "samples_asked_for": params.samples,
        "samples": len(evidence.fake),
        "compared_with": f"{len(evidence.test):,} test images",
        "real": f"{len(evidence.train):,} training images",
        "seed": params.seed,
    }


def _identity(judge: Judge) -> dict[str, Any]:
    return {key: judge.description[key] for key in ("sha256", "architecture", "task", "accuracy")}
