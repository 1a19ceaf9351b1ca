"""What the figures are computed from, by name: samples of the exported file, real images, and noise."""

from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from pipeline.data.aside import FEWEST
from pipeline.data.prepared import WORDS, Part, Prepared
from pipeline.errors import UserError
from pipeline.fields import Field
from pipeline.inference import Network
from pipeline.inference.errors import InferenceError
from pipeline.kinds import drawable
from pipeline.params import EvaluateParams
from pipeline.scoring import candidates, translations
from pipeline.scoring.candidates import Candidate, Images, look_at
from pipeline.scoring.captioned import Captioned, captioned
from pipeline.scoring.judges.inception import Inception
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.parts import Categories, Pairs, Posterior
from pipeline.scoring.translations import Translated, made

LEARNT_FROM = 10_000  # training images, at most, whose translations classifiers learn from


class Evidence(TypedDict, total=False):
    """What was gathered on one generator. A name is missing where there is nothing of the kind."""

    # what every generator of this data is held against: the reference
    field: str  # of the data, that the generator makes
    image: Field  # what it is, where that is a picture, or a sound's
    voxels: Field  # the same, where that is a volume
    floor: Candidate  # real images in the test images' class shares: how good a perfect generator would look
    floor_part: Part  # whether anything learnt from them
    noise: Candidate  # as many: how good one that learnt nothing would
    test: Candidate  # the real images that all are held against
    test_part: Part  # test images, or to choose settings by, images set aside
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
    sources: Images  # what the samples are translations of; missing: they are made of noise
    learnt_from: Images  # training images of the source; missing: no labels, or they can't be the target's
    learnt_as: Images  # their translations

    translated: Translated  # beside what should have come out; missing: it learnt from no pairs

    pairs: Pairs  # where it makes two images of one z

    captioned: Captioned  # of captions that combine what was never trained together

    # of networks beside it
    posterior: Posterior  # what an encoder that ships says of the test images
    returned: Images  # what the generator makes of an encoder's codes of the test images, in their order
    categories: Categories  # what one that found classes by itself says of real images
    classified: NDArray[np.int64]  # what a classifier says of the test images
    cycle: Images  # what the way back makes of the samples, in the order of `sources`


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


def open_generator(path: Path, prepared: Prepared) -> Network:
    """Open an exported file; UserError if it is none, or makes images unlike the prepared ones."""
    try:
        generator = Network(path)
    except InferenceError as error:
        raise UserError(str(error)) from None
    about, fields, folder = generator.description, prepared.fields, prepared.folder
    if about.picture is None:
        raise UserError(f"{path} {about.gives()}: no image to score")
    for name, field in about.inputs.items():
        known = drawable(field.kind) or name == about.label_input or field.about.get("of") in fields
        if not known:
            raise UserError(f"{path}: {name} can't be drawn, and {folder} has nothing to give it")
    real = fields.get(made(generator))
    shape = about.outputs[about.picture].shape
    if real is None or shape != real.shape:
        found = ", ".join(f"{name} {list(field.shape)}" for name, field in fields.items() if field.shape)
        raise UserError(f"{path} makes images {list(shape)}, {folder} holds {found}")
    if about.classes and list(about.classes) != prepared.classes:
        raise UserError(f"{path} knows the classes {', '.join(about.classes)}: not those of {folder}")
    return generator


def gather(
    generator: Network, prepared: Prepared, judges: dict[str, Judge], params: EvaluateParams
) -> Evidence:
    """Draw samples, real images and noise, and show each to the first judge once.

    `judges` are those of the field that the generator makes.
    """
    reference = refer(prepared.beginning_with(made(generator)), judges, params)
    return draw_samples(generator, reference, prepared)


def refer(
    prepared: Prepared, judges: dict[str, Judge], params: EvaluateParams, against: Part = "test"
) -> Evidence:
    """The part of the evidence that is the same for all generators.

    All is held against the part `against`. The floor is of images set aside, or where there are none, or
    those are what all is held against, of training images. UserError where there are too few real images, or
    the weights of Inception that were asked for can't be used.
    """
    seed, judge = params.seed, next(iter(judges.values()))
    enough = prepared.counts["aside"]["total"] >= FEWEST
    part: Part = "aside" if enough and against == "test" else "train"
    for needed in (part, against):
        found = prepared.counts[needed]["total"]
        if found < FEWEST:
            raise UserError(f"{prepared.folder} has {found} {WORDS[needed]}: scores need {FEWEST} or more")
    test = candidates.real(prepared, against, candidates.shuffled(prepared, against, params.samples, seed))
    floor = _like(prepared, part, test, params.samples, seed)
    training = Images(prepared.images("train"), prepared.labels("train") if prepared.classes else None)
    unseen = candidates.joined([floor, test]) if part == "aside" else test
    seen = _like(prepared, "train", unseen, len(unseen), seed)
    if len(seen) < len(unseen):  # few are trained on: as many are told from samples
        unseen = candidates.subset(unseen, len(seen), seed)
    field = prepared.fields[prepared.tables[0].images]
    reference = Evidence(
        field=prepared.tables[0].images,
        floor=look_at(judge, floor),
        floor_part=part,
        noise=look_at(judge, candidates.noise(floor, seed)),
        test=look_at(judge, test),
        test_part=against,
        unseen=unseen,
        seen=seen,
        training=training,
        training_features=judge.features_and_logits(training.images)[0],
        judges=judges,
        seed=seed,
    )
    weights = params.inception_weights if field.kind == "image" else None
    optional = {
        "voxels" if field.kind == "voxels" else "image": field,
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


def draw_samples(generator: Network, reference: Evidence, prepared: Prepared) -> Evidence:
    """The evidence on one generator; UserError if it fails while running."""
    try:
        if generator.description.inputs_of("image"):
            return _translate(generator, reference, prepared)
        judge = next(iter(reference["judges"].values()))
        return _draw(generator, reference) | captioned(generator, prepared, judge, reference["seed"])
    except InferenceError as error:
        raise UserError(f"{generator.description.name}: {error}") from None


def _draw(generator: Network, reference: Evidence) -> Evidence:
    floor, unseen = reference["floor"], reference["unseen"]
    like, seed = candidates.joined([floor, unseen]), reference["seed"]
    drawn = candidates.generated(generator, like.labels, len(like), seed, like.captions, like.boxes)
    first, rest = (drawn.take(part) for part in (slice(len(floor)), slice(len(floor), None)))
    return _with_samples(reference, first, rest)


def _translate(generator: Network, reference: Evidence, prepared: Prepared) -> Evidence:
    """Samples that are translations of images, of those that nothing learnt from where there are any.

    Their classes are those of what they are made of, in the shares of the real images.
    """
    given = translations.source(generator)
    source = prepared.beginning_with(given)
    parts: list[Part] = ["test", reference["floor_part"]]
    pool = candidates.joined([candidates.real(source, part, _all(source, part)) for part in parts])
    if source.classes != prepared.beginning_with(made(generator)).classes:
        pool = replace(pool, labels=None)  # nothing says which class a translation should be
    seed, floor, unseen = reference["seed"], reference["floor"], reference["unseen"]
    rows, other_rows = (translations.chosen(pool, wanted, seed) for wanted in (floor, unseen))
    sources = pool.take(rows)
    rest = translations.translated(generator, pool.take(other_rows))
    found = _with_samples(reference, translations.translated(generator, sources), rest)
    found |= {name: candidates.subset(reference[name], len(rest), seed) for name in ("unseen", "seen")}
    found |= {"sources": sources}
    target = prepared.beginning_with(made(generator))
    if given in target.tables[0].fields:
        truth = candidates.joined([candidates.real(target, part, _all(target, part)) for part in parts])
        fresh = np.flatnonzero(rows < source.counts["test"]["total"]) if "train" in parts else slice(None)
        found["translated"] = _beside_the_truth(found, truth.take(rows), fresh, source)
    elif pool.labels is not None and source.fields[given].shape == target.fields[made(generator)].shape:
        found |= _learnt(generator, source, seed)
    return found


def _learnt(generator: Network, source: Prepared, seed: int) -> Evidence:
    """What classifiers of the target can learn from: the source's training images, and translations."""
    plain = candidates.real(source, "train", candidates.shuffled(source, "train", LEARNT_FROM, seed))
    return Evidence(learnt_from=plain, learnt_as=translations.translated(generator, plain))


def _beside_the_truth(
    found: Evidence, truth: Images, fresh: NDArray[np.int64] | slice, given: Prepared
) -> Translated:
    """Of the samples those that the generator did not learn from, with what should have come out.

    `given` is the data, beginning with what went in.
    """
    source, made, truth = (each.take(fresh) for each in (found["sources"], found["fake"], truth))
    if "voxels" in found:
        plain = translations.nearest(source, given.images("train"), found["training"])
    else:
        plain = translations.untouched(source, found["training"])
    return Translated(source, made, truth, plain)


def _all(prepared: Prepared, part: Part) -> NDArray[np.int64]:
    return np.arange(prepared.counts[part]["total"])


def _with_samples(reference: Evidence, first: Images, rest: Images) -> Evidence:
    sampled = Evidence(
        # noise is held to the labels that the generator was asked for, if there are any
        noise=replace(reference["noise"].take(slice(len(first))), labels=first.labels),
        fake=look_at(next(iter(reference["judges"].values())), first),
        told_apart=rest,
    )
    return reference | sampled | ({} if first.labels is None else {"labels": first.labels})
