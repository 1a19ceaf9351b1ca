"""Every figure of a generator, each beside what real images and what pure noise reach.

A figure is {"value": of the samples, "real": of the floor's real images, "noise": of pure noise}. Some have
`low` and `high`, the ends of a 95 % interval, and `real_low` and `real_high`; `ratio` of value to real with
`ratio_low` and `ratio_high`; an entry `per_class`; `why` where there is none. None is a figure not known.
While they are computed, `draws` holds what `spread` draws of a value: of two generators they are paired.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring import spread
from pipeline.scoring.candidates import Candidate, look_at
from pipeline.scoring.class_balance import class_shares, imbalance
from pipeline.scoring.density_coverage import density_coverage
from pipeline.scoring.diversity import class_diversity
from pipeline.scoring.duplicates import exact_duplicates, near_duplicates
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.fid import fid, fid_draws, too_few
from pipeline.scoring.fid_infinity import fid_infinity
from pipeline.scoring.judge_score import judge_score
from pipeline.scoring.kid import kid
from pipeline.scoring.label_accuracy import accuracy_draws, label_accuracy, per_class_accuracy
from pipeline.scoring.memorisation import closeness, in_features, in_pixels, memorised, own_distances
from pipeline.scoring.neighbours import radii
from pipeline.scoring.patches import patch_distance
from pipeline.scoring.precision_recall import precision_recall
from pipeline.scoring.spread import draws_of_mean, interval, ratio
from pipeline.scoring.train_on_generated import train_on
from pipeline.scoring.two_sample import told_apart
from pipeline.scoring.use import label_use
from pipeline.streams import seed_of

Figure = dict[str, Any]
# of the samples, of the real images; benchmarks/two_sample.py has more, and several sizes
TWO_SAMPLE_SEEDS = {"value": 2, "real": 1}


def score(evidence: Evidence) -> dict[str, Figure]:
    """All figures that make sense for this generator and this data; `rounded` makes them fit for a file."""
    groups = [
        _distances,
        _other_judges,
        _patches,
        _two_sample,
        _manifold,
        _diversity,
        _memorisation,
        _duplicates,
    ]
    if evidence.classes:
        groups.append(_classes)
    if evidence.fake.labels is not None:
        groups += [_labels, _train_on_generated]
    figures: dict[str, Figure] = {}
    for group in groups:
        figures |= group(evidence)
    if evidence.inception:
        figures |= evidence.inception.figures(evidence.fake.images)
    return figures


def _each(contestants: Mapping[str, Candidate], figure: Callable[[Candidate], float]) -> Figure:
    return {who: figure(seen) for who, seen in contestants.items()}


def _spread(values: Mapping[str, float], draws: Mapping[str, NDArray], lowest: float = 0.0) -> Figure:
    """A figure with the intervals of its samples and of its real images, cut at `lowest`."""
    own = interval(values["value"], draws["value"])
    real = interval(values["real"], draws["real"])
    ends = own | {f"real_{end}": value for end, value in real.items()}
    cut = {end: max(value, lowest) if end.endswith("low") else value for end, value in ends.items()}
    return dict(values) | cut | {"draws": draws["value"]}


def _frechet(evidence: Evidence, seen: Mapping[str, Candidate], test: Candidate) -> Figure:
    """The distance of each contestant to the test images, if there are enough of them to mean something."""
    why = too_few(seen["value"].features, test.features)
    if why:
        return dict.fromkeys(seen) | {"why": why}
    values = _each(seen, lambda one: fid(one.features, test.features))
    draws = {
        who: fid_draws(
            one.features, test.features, evidence.strata(one), seed_of(evidence.seed, f"fid {who}")
        )
        for who, one in seen.items()
        if who != "noise"
    }
    return _spread(values, draws) | ratio(values["value"], draws["value"], values["real"], draws["real"])


def _distances(evidence: Evidence) -> dict[str, Figure]:
    contestants, reference = evidence.contestants(), evidence.test.features
    figures = {"judge_fid": _frechet(evidence, contestants, evidence.test)}
    if figures["judge_fid"]["value"] is not None:
        seed = seed_of(evidence.seed, "subsets of the extrapolation")
        figures["judge_fid_infinity"] = _each(
            contestants, lambda seen: fid_infinity(seen.features, reference, seed)
        )
    blocks = {who: kid(seen.features, reference) for who, seen in contestants.items()}
    # The blocks' mean drawn again: paired as they are, since block i of all is against the same test images.
    random = np.random.default_rng(seed_of(evidence.seed, "blocks of kid"))
    drawn = random.integers(len(blocks["value"]), size=(spread.DRAWS, len(blocks["value"])))
    draws = {who: found[drawn].mean(axis=1) for who, found in blocks.items()}
    means = {who: float(found.mean()) for who, found in blocks.items()}
    return figures | {"judge_kid": _spread(means, draws, -math.inf)}


def _other_judges(evidence: Evidence) -> dict[str, Figure]:
    """The key figures again in the eyes of the judges after the first: one that errs is then found out."""
    figures = {}
    for name, judge in list(evidence.judges.items())[1:]:
        seen = {who: look_at(judge, one) for who, one in evidence.contestants().items()}
        test = look_at(judge, evidence.test)
        figures[f"{name}_fid"] = _frechet(evidence, seen, test)
        if evidence.fake.labels is not None and judge.description["architecture"] != "texture":
            figures[f"{name}_label_accuracy"] = _accuracy(evidence, seen)
    return figures


def _accuracy(evidence: Evidence, seen: Mapping[str, Candidate]) -> Figure:
    if evidence.floor_part == "train":  # learnt by heart: only the test images show what the judge can do
        seen = dict(seen) | {"real": evidence.test}
    seed = seed_of(evidence.seed, "draws of the label accuracy")
    values = _each(seen, lambda one: label_accuracy(one.logits, one.labels))
    ends = {}
    for who, prefix in (("value", ""), ("real", "real_")):
        draws = accuracy_draws(seen[who].logits, seen[who].labels, 10_000, seed)
        low, high = np.quantile(draws, (0.025, 0.975))
        # where all are right, or none, no end is known on that side
        ends |= {f"{prefix}low": min(float(low), values[who]), f"{prefix}high": max(float(high), values[who])}
    own = accuracy_draws(
        seen["value"].logits, seen["value"].labels, spread.DRAWS, seed_of(evidence.seed, "accuracy")
    )
    return values | ends | {"draws": own}


def _patches(evidence: Evidence) -> dict[str, Figure]:
    test, seed = evidence.test.images, evidence.seed
    return {
        "patch_distance": _each(evidence.contestants(), lambda seen: patch_distance(seen.images, test, seed))
    }


def _two_sample(evidence: Evidence) -> dict[str, Figure]:
    """Samples told from real images, beside training images told from them; noise would be told at once."""
    figures = {}
    for halved, name in ((False, "two_sample"), (True, "two_sample_half")):
        sides = {"value": evidence.told_apart, "real": evidence.seen}
        found = {}
        for who, side in sides.items():
            seeds = [
                seed_of(evidence.seed, "two-sample test", index) for index in range(TWO_SAMPLE_SEEDS[who])
            ]
            found[who] = np.stack([told_apart(evidence.unseen, side, seed, halved=halved) for seed in seeds])
        figures[name] = _over_seeds(evidence, found) | {"noise": None}
    return figures


def _over_seeds(evidence: Evidence, found: Mapping[str, NDArray[np.bool_]]) -> Figure:
    """The mean of answers [seeds, M]; its spread is that of the images asked about and of the seeds."""
    draws = {}
    for who, right in found.items():
        strata, seed = np.zeros(right.shape[1], np.int64), seed_of(evidence.seed, "answers")
        of_seeds = np.random.default_rng(seed_of(evidence.seed, f"seeds {who}")).normal(size=spread.DRAWS)
        error = right.mean(axis=1).std(ddof=1) / math.sqrt(len(right)) if len(right) > 1 else 0
        draws[who] = draws_of_mean(right.mean(axis=0), strata, seed) + of_seeds * error
    return _spread({who: float(right.mean()) for who, right in found.items()}, draws)


def _manifold(evidence: Evidence) -> dict[str, Figure]:
    test = evidence.test
    figures: dict[str, dict[str, Any]] = {"precision": {}, "recall": {}, "density": {}, "coverage": {}}
    draws: dict[str, dict[str, Any]] = {name: {} for name in figures}
    for who, seen in evidence.contestants().items():
        reached = precision_recall(seen.features, test.features)
        filled = density_coverage(seen.features, test.features)
        for name, values in zip(figures, (*reached, *filled), strict=True):
            figures[name][who] = float(values.mean())
            of_samples = name in ("precision", "density")
            # paired: the same draws of the test images for every generator
            seed = seed_of(evidence.seed, f"draws of samples {who}" if of_samples else "draws of test images")
            strata = evidence.strata(seen if of_samples else test)
            draws[name][who] = draws_of_mean(values, strata, seed)
    return {name: _spread(values, draws[name]) for name, values in figures.items()}


def _classes(evidence: Evidence) -> dict[str, Figure]:
    """What the judge sees, whatever was asked for."""
    contestants = evidence.contestants()
    usual = class_shares(evidence.test.logits)
    balance = _each(contestants, lambda seen: imbalance(class_shares(seen.logits), usual))
    shares = by_class(evidence.classes, class_shares(evidence.fake.logits))
    return {
        "judge_score": _each(contestants, lambda seen: judge_score(seen.logits)),
        "class_imbalance": balance | {"per_class": shares},
    }


def _labels(evidence: Evidence) -> dict[str, Figure]:
    fake, test, classes = evidence.fake, evidence.test, len(evidence.classes)
    judged = evidence.floor if evidence.floor_part == "aside" else test
    return {
        "label_accuracy": _accuracy(evidence, evidence.contestants())
        | {
            "per_class": by_class(evidence.classes, per_class_accuracy(fake.logits, fake.labels)),
            "real_per_class": by_class(evidence.classes, per_class_accuracy(judged.logits, judged.labels)),
        },
        "label_use": _each(
            evidence.contestants(), lambda seen: label_use(seen.features, seen.labels, classes)
        ),
    }


def _diversity(evidence: Evidence) -> dict[str, Figure]:
    """Shares of the test images' diversity; without classes, of all images as one."""
    classes = len(evidence.classes) or 1
    reality = class_diversity(evidence.test.features, evidence.groups(evidence.test), classes)
    shares = {
        who: class_diversity(seen.features, evidence.groups(seen), classes) / reality
        for who, seen in evidence.contestants().items()
    }
    figure: Figure = {who: float(np.nanmean(share)) for who, share in shares.items()}
    if evidence.classes:
        figure["per_class"] = by_class(evidence.classes, shares["value"])
    return {"diversity": figure}


def _memorisation(evidence: Evidence) -> dict[str, Figure]:
    """All samples; half of the test images say what is usual, the other half is held against them."""
    half = len(evidence.test) // 2
    spaces = {
        "memorised_in_judge_space": (lambda seen: seen.features, evidence.training_features, in_features),
        "memorised_in_pixels": (lambda seen: seen.images, evidence.training.images, in_pixels),
    }
    figures = {}
    for name, (view, training, search) in spaces.items():
        own = own_distances(training, search)
        fake, test = (closeness(view(seen), training, search, own) for seen in (evidence.fake, evidence.test))
        usual, found = test[:half], {"value": fake, "real": test[half:]}
        copied = {who: memorised(distances, usual) for who, distances in found.items()}
        seed = seed_of(evidence.seed, name)
        draws = {who: draws_of_mean(flags, np.zeros(len(flags), int), seed) for who, flags in copied.items()}
        figures[name] = _spread({who: float(flags.mean()) for who, flags in copied.items()}, draws)
        figures[name]["noise"] = None
    return figures


def _duplicates(evidence: Evidence) -> dict[str, Figure]:
    """Of as many images each: with more of them, all neighbours are nearer."""
    count = min(len(evidence.floor), len(evidence.test))
    usual = radii(evidence.floor.features[:count], 1)
    # Held against themselves, the floor's images repeat as is usual: the test images tell more.
    contestants = evidence.contestants() | {"real": evidence.test}
    near = {who: near_duplicates(radii(seen.features[:count], 1), usual) for who, seen in contestants.items()}
    return {
        "near_duplicates": {who: float(flags.mean()) for who, flags in near.items()},
        "exact_duplicates": _each(contestants, lambda seen: exact_duplicates(seen.images)),
    }


def _train_on_generated(evidence: Evidence) -> dict[str, Figure]:
    """What nothing can be learnt from scores as the most frequent class does."""
    test, sides = evidence.test, {"value": evidence.fake, "real": evidence.floor}
    found = {who: train_on(seen, test, evidence.seed) for who, seen in sides.items()}
    noise = float(np.bincount(test.labels).max() / len(test))
    return {"train_on_generated": _over_seeds(evidence, found) | {"noise": noise}}


def by_class(classes: list[str], values: NDArray[np.float64]) -> dict[str, float]:
    """The entries of [K] by their class's name."""
    return dict(zip(classes, values.tolist(), strict=True))


def rounded(value: Any) -> Any:
    """Figures fit for a file: 5 significant digits, since more are noise; NaN as None; without the draws."""
    if isinstance(value, Mapping):
        return {key: rounded(entry) for key, entry in value.items() if key != "draws"}
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.5g}")
    return value
