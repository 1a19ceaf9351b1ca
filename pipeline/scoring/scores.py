"""Every figure of a generator, each beside what real images and what pure noise reach.

A figure is {"value": of the samples, "real": of real images, "noise": of pure noise}; some have `low` and
`high`, the ends of a 95 % interval, `deviation`, or an entry `per_class`. None is a figure that is not known.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.candidates import Candidate
from pipeline.scoring.class_balance import class_shares, imbalance
from pipeline.scoring.density_coverage import density_coverage
from pipeline.scoring.diversity import class_diversity
from pipeline.scoring.duplicates import exact_duplicates, near_duplicates
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.fid import fid
from pipeline.scoring.fid_infinity import fid_infinity
from pipeline.scoring.fid_interval import fid_interval
from pipeline.scoring.judge_score import judge_score
from pipeline.scoring.kid import kid
from pipeline.scoring.label_accuracy import accuracy_interval, label_accuracy, per_class_accuracy
from pipeline.scoring.memorisation import memorised
from pipeline.scoring.neighbours import nearest, radii
from pipeline.scoring.precision_recall import precision_recall
from pipeline.scoring.second_opinion import second_opinion
from pipeline.scoring.train_on_generated import train_on
from pipeline.scoring.use import label_use, noise_use
from pipeline.streams import seed_of

Figure = dict[str, Any]
SEARCHED = 1000  # images of each kind whose nearest training image is searched for


def score(evidence: Evidence) -> dict[str, Figure]:
    """All figures that make sense for this generator and this data."""
    groups = [_distances, _manifold, _diversity, _memorisation, _duplicates]
    if evidence.classes:
        groups.append(_classes)
    if evidence.fake.labels is not None:
        groups += [_labels, _train_on_generated]
    figures = second_opinion(evidence)
    for group in groups:
        figures |= group(evidence)
    if evidence.inception:
        figures |= evidence.inception.figures(evidence.fake.images)
    return rounded(figures)


def _each(contestants: Mapping[str, Candidate], figure: Callable[[Candidate], float]) -> Figure:
    return {who: figure(seen) for who, seen in contestants.items()}


def _transposed(pairs: Mapping[str, tuple[float, float]], names: tuple[str, str]) -> dict[str, Figure]:
    """Pairs of figures for each contestant as two figures of all contestants."""
    return {name: {who: pair[index] for who, pair in pairs.items()} for index, name in enumerate(names)}


def _distances(evidence: Evidence) -> dict[str, Figure]:
    contestants, reference = evidence.contestants(), evidence.test.features
    seed = seed_of(evidence.seed, "scores of distance")
    low, high = fid_interval(evidence.fake.features, reference, seed)
    kids = {who: kid(seen.features, reference, seed) for who, seen in contestants.items()}
    distances = _each(contestants, lambda seen: fid(seen.features, reference))
    kernel = {who: mean for who, (mean, _) in kids.items()}
    return {
        "judge_fid": distances | {"low": low, "high": high},
        "judge_fid_infinity": _each(contestants, lambda seen: fid_infinity(seen.features, reference, seed)),
        "judge_kid": kernel | {"deviation": kids["value"][1]},
    }


def _manifold(evidence: Evidence) -> dict[str, Figure]:
    contestants, reference = evidence.contestants(), evidence.test.features
    reached = {who: precision_recall(seen.features, reference) for who, seen in contestants.items()}
    filled = {who: density_coverage(seen.features, reference) for who, seen in contestants.items()}
    return _transposed(reached, ("precision", "recall")) | _transposed(filled, ("density", "coverage"))


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
    # The judge has learnt the training images' labels by heart: only the test images show what it can do.
    contestants = evidence.contestants() | {"real": evidence.test}
    fake, classes = evidence.fake, len(evidence.classes)
    low, high = accuracy_interval(fake.logits, fake.labels)
    accuracy = _each(contestants, lambda seen: label_accuracy(seen.logits, seen.labels))
    accuracy |= {
        "low": low,
        "high": high,
        "per_class": by_class(evidence.classes, per_class_accuracy(fake.logits, fake.labels)),
    }
    return {
        "label_accuracy": accuracy,
        "label_use": _each(contestants, lambda seen: label_use(seen.features, seen.labels, classes)),
        "noise_use": _each(contestants, lambda seen: noise_use(seen.features, seen.labels, classes)),
    }


def _diversity(evidence: Evidence) -> dict[str, Figure]:
    """Shares of the test images' diversity; without classes, of all images as one."""
    classes = len(evidence.classes) or 1
    reality = class_diversity(evidence.test.features, _groups(evidence, evidence.test), classes)
    shares = {
        who: class_diversity(seen.features, _groups(evidence, seen), classes) / reality
        for who, seen in evidence.contestants().items()
    }
    figure: Figure = {who: float(np.nanmean(share)) for who, share in shares.items()}
    if evidence.classes:
        figure["per_class"] = by_class(evidence.classes, shares["value"])
    return {"diversity": figure}


def _groups(evidence: Evidence, seen: Candidate) -> NDArray[np.int64]:
    """The class of each image: the one asked for, else the one the judge sees; all one without classes."""
    if not evidence.classes:
        return np.zeros(len(seen), np.int64)
    return seen.logits.argmax(axis=1) if seen.labels is None else seen.labels


def _memorisation(evidence: Evidence) -> dict[str, Figure]:
    """Some test images say what is usual; as many others are held against them, as the samples are."""
    half = min(SEARCHED, len(evidence.test) // 2)
    parts = {
        "value": (evidence.fake, slice(SEARCHED)),
        "real": (evidence.test, slice(half)),
        "noise": (evidence.noise, slice(SEARCHED)),
        "usual": (evidence.test, slice(half, 2 * half)),
    }
    spaces = {
        "memorised_in_judge_space": (lambda seen: seen.features, evidence.training_features),
        "memorised_in_pixels": (lambda seen: seen.images, evidence.training_images),
    }
    figures = {}
    for name, (view, training) in spaces.items():
        found = {who: nearest(training, view(seen)[part]) for who, (seen, part) in parts.items()}
        usual = found.pop("usual")
        figures[name] = {who: memorised(distances, usual) for who, distances in found.items()}
    return figures


def _duplicates(evidence: Evidence) -> dict[str, Figure]:
    contestants, usual = evidence.contestants(), radii(evidence.train.features, 1)
    # Held against themselves, the training images repeat as is usual: the test images tell more.
    contestants |= {"real": evidence.test}
    return {
        "near_duplicates": _each(contestants, lambda seen: near_duplicates(radii(seen.features, 1), usual)),
        "exact_duplicates": _each(contestants, lambda seen: exact_duplicates(seen.images)),
    }


def _train_on_generated(evidence: Evidence) -> dict[str, Figure]:
    """What nothing can be learnt from scores as the most frequent class does."""
    test, seed = evidence.test, evidence.seed
    figure = {
        who: train_on(seen, test, seed) for who, seen in evidence.contestants().items() if who != "noise"
    }
    return {"train_on_generated": figure | {"noise": float(np.bincount(test.labels).max() / len(test))}}


def by_class(classes: list[str], values: NDArray[np.float64]) -> dict[str, float]:
    """The entries of [K] by their class's name."""
    return dict(zip(classes, values.tolist(), strict=True))


def rounded(value: Any) -> Any:
    """Floats at 5 significant digits: more are noise. NaN becomes None, which JSON knows."""
    if isinstance(value, Mapping):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.5g}")
    return value
