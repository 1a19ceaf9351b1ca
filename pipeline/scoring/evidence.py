"""What the figures are computed from, by name: samples of the exported file, real images, and noise."""

from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from pipeline.data.aside import FEWEST
from pipeline.data.prepared import Part, Prepared
from pipeline.errors import UserError
from pipeline.inference import Generator
from pipeline.inference.errors import InferenceError
from pipeline.params import EvaluateParams
from pipeline.scoring import candidates
from pipeline.scoring.candidates import Candidate, Images, look_at
from pipeline.scoring.judges.inception import Inception
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.reconstructions import Posterior


class Evidence(TypedDict, total=False):
    """What was gathered on one generator. A name is missing where there is nothing of the kind."""

    # what every generator of this data is held against: the reference
    floor: Candidate  # real images in the test images' class shares: how good a perfect generator would look
    floor_part: Part  # whether anything learnt from them
    noise: Candidate  # as many: how good one that learnt nothing would
    test: Candidate  # the real images that all are held against
    unseen: Images  # real images that no generator learnt from, to be told from samples
    seen: Images  # training images of their labels, in the samples' place
    classes: list[str]  # missing: the data set has none
    training: Images  # all that is learnt from
    training_features: NDArray[np.float32]  # [T, D]
    judges: dict[str, Judge]  # by name; the candidates carry the features and logits of the first
    other_judges: dict[str, Judge]  # those after it
    inception: Inception  # missing: no weights for it were given
    seed: int

    # samples of one generator
    fake: Candidate  # as many as the floor has, of the same labels
    labels: NDArray[np.int64]  # that were asked for, [N]; missing: the generator takes none
    told_apart: Images  # samples of the labels of `unseen`

    # of networks beside it
    posterior: Posterior  # what an encoder that ships says of the test images


def contestants(evidence: Evidence) -> dict[str, Candidate]:
    """Who is held against the test images, by the key of its figure."""
    return {"value": evidence["fake"], "real": evidence["floor"], "noise": evidence["noise"]}


def groups(evidence: Evidence, seen: Candidate) -> NDArray[np.int64]:
    """The class of each image: the one asked for, else the one that the judge sees; 0 without classes."""
    if "classes" not in evidence:
        return np.zeros(len(seen), np.int64)
    return seen.logits.argmax(axis=1) if seen.labels is None else seen.labels


def strata(evidence: Evidence, seen: Candidate) -> NDArray[np.int64]:
    """The class of each image where it was asked for, and so is no accident; else all one: int64 [N]."""
    return groups(evidence, seen) if "labels" in evidence else np.zeros(len(seen), np.int64)


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
    generator: Generator, prepared: Prepared, judges: dict[str, Judge], params: EvaluateParams
) -> Evidence:
    """Draw samples, real images and noise, and show each to the first judge once."""
    return draw_samples(generator, refer(prepared, judges, params))


def refer(prepared: Prepared, judges: dict[str, Judge], params: EvaluateParams) -> Evidence:
    """The part of the evidence that is the same for all generators.

    The floor is of images set aside, or where there are none of training images. UserError where there are
    too few real images, or the weights of Inception that were asked for can't be used.
    """
    seed, judge = params.seed, next(iter(judges.values()))
    part: Part = "aside" if prepared.counts["aside"]["total"] >= FEWEST else "train"
    for needed in (part, "test"):
        found = prepared.counts[needed]["total"]
        if found < FEWEST:
            raise UserError(f"{prepared.folder} has {found} {needed} images: scores need {FEWEST} or more")
    test = candidates.real(prepared, "test", candidates.shuffled(prepared, "test", params.samples, seed))
    floor = _like(prepared, part, test, params.samples, seed)
    training = Images(prepared.images("train"), prepared.labels("train") if prepared.classes else None)
    unseen = candidates.joined([floor, test]) if part == "aside" else test
    seen = _like(prepared, "train", unseen, len(unseen), seed)
    if len(seen) < len(unseen):  # few are trained on: as many are told from samples
        unseen = candidates.subset(unseen, len(seen), seed)
    reference = Evidence(
        floor=look_at(judge, floor),
        floor_part=part,
        noise=look_at(judge, candidates.noise(floor, seed)),
        test=look_at(judge, test),
        unseen=unseen,
        seen=seen,
        training=training,
        training_features=judge.features_and_logits(training.images)[0],
        judges=judges,
        seed=seed,
    )
    weights = params.inception_weights
    optional = {
        "classes": prepared.classes,
        "other_judges": dict(list(judges.items())[1:]),
        "inception": weights and Inception(Path(weights), floor.images, test.images),
    }
    return reference | {name: found for name, found in optional.items() if found}


def _like(prepared: Prepared, part: Part, wanted: Images, count: int, seed: int) -> Images:
    """Real images of a part in the class shares of `wanted`, `count` at most."""
    if wanted.labels is None:
        return candidates.real(prepared, part, candidates.shuffled(prepared, part, count, seed))
    shares = np.bincount(wanted.labels, minlength=len(prepared.classes))
    rows = candidates.alike(prepared.labels(part), shares, count, seed)
    return candidates.real(prepared, part, rows)


def draw_samples(generator: Generator, reference: Evidence) -> Evidence:
    """The evidence on one generator; UserError if it fails while running."""
    floor, noise = reference["floor"], reference["noise"]
    parts = [floor, reference["unseen"]]
    labels = candidates.joined([Images(part.images, part.labels) for part in parts]).labels
    try:
        drawn = candidates.generated(generator, labels, sum(map(len, parts)), reference["seed"])
    except InferenceError as error:
        raise UserError(f"{generator.description.name}: {error}") from None
    first, rest = (
        Images(drawn.images[part], None if drawn.labels is None else drawn.labels[part])
        for part in (slice(len(floor)), slice(len(floor), None))
    )
    # Noise is held to the labels that the generator was asked for, if it takes any.
    sampled = Evidence(
        noise=replace(noise, labels=first.labels),
        fake=look_at(next(iter(reference["judges"].values())), first),
        told_apart=rest,
    )
    return reference | sampled | ({} if first.labels is None else {"labels": first.labels})
