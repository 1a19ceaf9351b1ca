"""What the figures are computed from: samples of the exported file, real images, and noise."""

from dataclasses import dataclass
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
from pipeline.scoring.judge import Judge

FEWEST = 20  # real images of a split: below, neighbours and halves of them mean nothing


@dataclass(frozen=True)
class Evidence:
    """Each set of images with what the judge sees in it; `train` and `noise` are as many images as `fake`."""

    fake: Candidate
    train: Candidate  # real training images: how good a perfect generator would look
    noise: Candidate  # how good one that learnt nothing would
    test: Candidate  # the real images that all are held against
    classes: list[str]  # empty: the data set has none
    training_images: NDArray[np.uint8]  # all of them, [T, C, H, W]
    training_features: NDArray[np.float32]  # [T, D]
    seed: int

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


def gather(generator: Generator, prepared: Prepared, judge: Judge, params: EvaluateParams) -> Evidence:
    """Draw samples, real images and noise, and show each to the judge once.

    As many samples as asked for, or as there are training images if those are fewer: the floor is computed
    at the same count, and a distance depends on the count. UserError where there are too few real images.
    """
    for split in ("train", "test"):
        found = len(prepared.images(split))
        if found < FEWEST:
            raise UserError(f"{prepared.folder} has {found} {split} images: scores need {FEWEST} or more")
    training_images = prepared.images("train")
    count = min(params.samples, len(training_images))
    fake = candidates.generated(generator, judge, count, params.seed)
    return Evidence(
        fake=fake,
        train=candidates.real(prepared, judge, "train", count, params.seed),
        noise=candidates.noise(fake, judge, params.seed),
        test=candidates.real(prepared, judge, "test", params.samples, params.seed),
        classes=prepared.classes,
        training_images=training_images,
        training_features=judge.features_and_logits(training_images)[0],
        seed=params.seed,
    )


def protocol(
    file: Path,
    evidence: Evidence,
    prepared: Prepared,
    judge: Judge,
    second_judge: Judge,
    params: EvaluateParams,
) -> dict[str, Any]:
    """Under what conditions the figures were taken: without it they mean nothing."""
    return {
        "generator": {"file": file.name, "sha256": sha256_of(file)},
        "data": {"name": prepared.dataset, "digest": prepared.digest, "size": prepared.size},
        "judge": _identity(judge),
        "second_judge": _identity(second_judge),
        "samples_asked_for": params.samples,
        "samples": len(evidence.fake),
        "compared_with": f"{len(evidence.test):,} test images",
        "real": f"{len(evidence.train):,} training images",
        "seed": params.seed,
    }


def _identity(judge: Judge) -> dict[str, Any]:
    return {key: judge.description[key] for key in ("sha256", "architecture", "task", "accuracy")}
