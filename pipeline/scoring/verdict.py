"""The scores in a few words: what a person should know before reading any figure."""

from collections.abc import Mapping
from typing import Any

from pipeline.scoring.figures.fid import ENOUGH
from pipeline.scoring.judges.networks import FEATURES

WEAK = 0.9  # the first judge's accuracy; below, what it sees is worth little
FEW = ENOUGH * FEATURES  # samples; below, distances in feature space can't be had
TOLD, NEARLY, UNTOLD = 0.8, 0.65, 0.55  # answers of the two-sample test: most are found out ... chance
NEAR = 0.9  # of what real images reach


def verdict(scores: Mapping[str, Any]) -> str:
    """How good the generator is, in two or three sentences."""
    realism = _realism(scores) if "two_sample" in scores else _solidity(scores)
    said = [realism, _too_weak(scores) or _variety(scores)]
    if "label_accuracy" in scores:
        said.append(_labels(scores["label_accuracy"]))
    said.append(_copies(scores))
    return " ".join(sentence for sentence in said if sentence)


def warnings(scores: Mapping[str, Any]) -> list[str]:
    """What the figures can't be trusted in, one line each."""
    said = []
    name, judge = _first_judge(scores)
    if judge["accuracy"] < WEAK:
        said.append(
            f"weak judge: {name} tells {judge['accuracy']:.0%} of the {judge['task']} right; trust the patch "
            "distance, the texture and the two-sample figures"
        )
    samples = scores["protocol"]["samples"]
    if samples < FEW:
        said.append(
            f"few pictures: each figure is of {samples:,} samples and as many real pictures, so differences "
            "within the intervals mean nothing; trust your eyes, too"
        )
    per_class = scores.get("label_accuracy", {}).get("real_per_class", {})
    weak = [
        f"{name} ({share:.0%})" for name, share in per_class.items() if share is not None and share < WEAK
    ]
    if weak and judge["accuracy"] >= WEAK:
        said.append(f"classes that the judge knows badly, right of real ones: {', '.join(weak)}")
    unknown = [name for name, share in per_class.items() if share is None]
    if unknown:
        said.append(f"no real image was there to judge these classes by: {', '.join(unknown)}")
    return said


def _realism(scores: Mapping[str, Any]) -> str:
    whole, half = (scores[key]["value"] for key in ("two_sample", "two_sample_half"))
    found = f"a fresh classifier tells {whole:.1%} of them from real images, {half:.1%} at half the size"
    if half > TOLD:
        return f"The pictures give themselves away: {found} (chance is 50 %)."
    if half > NEARLY:
        return f"Shapes are right in part, fine texture is not: {found} (chance is 50 %)."
    if whole > TOLD:
        return f"Shapes are near real ones, fine texture is not: {found} (chance is 50 %)."
    if whole > UNTOLD:
        return f"The pictures are hard to tell from real ones: {found} (chance is 50 %)."
    return f"The pictures can't be told from real ones: {found} (chance is 50 %)."


def _solidity(scores: Mapping[str, Any]) -> str:
    """Of volumes, which no fresh classifier is asked about."""
    whole, real = (scores["one_piece"][who] for who in ("value", "real"))
    said = f"{whole:.1%} are in one piece (real: {real:.1%})"
    if "confident" in scores:
        said += f"; the judge reads {scores['confident']['value']:.1%} with confidence"
    return f"{said}."


def _first_judge(scores: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The one that measures, and its name."""
    return next(iter(scores["protocol"]["judges"].items()))


def _too_weak(scores: Mapping[str, Any]) -> str:
    """Precision, recall and the like of a weak judge flatter: to it much is alike."""
    name, judge = _first_judge(scores)
    if judge["accuracy"] >= WEAK:
        return ""
    return f"How much of the real variety they reach, {name} is too weak a judge to say."


def _variety(scores: Mapping[str, Any]) -> str:
    recall, coverage = (scores[key]["value"] / (scores[key]["real"] or 1) for key in ("recall", "coverage"))
    reached = min(recall, coverage)
    words = "nearly all" if reached > NEAR else "most" if reached > 0.7 else "only a part"
    return f"They reach {words} of the real variety ({reached:.0%} of what as many real images reach)."


def _labels(figure: Mapping[str, Any]) -> str:
    right, real = figure["value"], figure["real"]
    worst, share = min(figure["per_class"].items(), key=lambda entry: 2 if entry[1] is None else entry[1])
    if right > real - 0.01:
        return f"Labels are right as often as in real images ({right:.2%})."
    return f"Labels are right in {right:.1%} (real images: {real:.1%}; worst: {worst}, {share:.0%})."


def _copies(scores: Mapping[str, Any]) -> str:
    for key in ("memorised_in_pixels", "memorised_in_judge_space"):
        if key not in scores:
            continue
        copied, real = scores[key]["value"], scores[key]["real"]
        if scores[key]["low"] > 2 * max(scores[key]["real_high"], 0.01):
            return f"{copied:.1%} are near copies of training images (of unseen real ones {real:.1%})."
    return ""
