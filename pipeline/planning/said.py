"""What gan-new says: of what it found, and of what it plans."""

import math

from pipeline import systems
from pipeline.data.copying import listed
from pipeline.planning import choice
from pipeline.planning.choice import Candidate, Start
from pipeline.planning.found import Found
from pipeline.planning.split import Split


def of_pictures(found: Found, split: Split, start: Start) -> list[str]:
    """The pictures: what becomes of them."""
    lines = []
    if found.remark:
        lines.append(f"folders are not taken as classes: {found.remark}")
    elif found.classes and not start.conditional:
        small = min(found.train, key=found.train.get)
        lines.append(
            f"without classes: {small} has {found.train[small]} pictures, and a class needs {choice.CLASS}"
        )
    elif start.conditional and found.unequal:
        lines.append("classes are very unequal: pictures of small ones are repeated (data.pictures.balance)")
    taken = found.count + found.test
    if split.taken < taken:
        lines.append(
            f"{split.taken:,} of the {taken:,} pictures are taken, evenly from all: the time is short"
        )
    lines.append(f"{split.learnt:,} to learn from, {split.aside:,} set aside, {split.test:,} to score by")
    return lines


def of_the_run(found: Found, best: Candidate, images: int, minutes: float) -> list[str]:
    """The system, and whether pictures and time are enough for it."""
    model = systems.params_class(best.start.params.model.kind)
    widths = ", ".join(f"{key} {value}" for key, value in best.start.widths(best.share).items())
    what = "a label" if model.conditional else "no label"
    lines = [
        f"{best.start.params.model.kind} (from presets/{best.start.preset}.yaml: {widths}; takes {what}) "
        f"at {best.size}x{best.size}: {best.rate:,.0f} images a second here"
    ]
    if found.count < best.start.least:
        lines.append(
            f"too few pictures: from {found.count:,} it learns colours, hardly shapes; {best.start.least:,} "
            "or more would do"
        )
    if images < best.start.wants:
        enough = minutes + (best.start.wants - images) / best.rate / 60
        lines.append(
            f"too little time for shapes: it sees {images:,} images and wants {best.start.wants:,}; "
            f"--minutes {math.ceil(enough)} would do"
        )
    return lines


def described(found: Found) -> list[str]:
    """What was found, in a few lines."""
    kinds = f"{found.classes} classes" if found.classes else "no classes"
    every = found.count + found.test
    lines = [f"{every:,} pictures ({found.size / 1e6:,.1f} MB), {kinds}; {found.looked:,} looked at"]
    if found.classes:
        ordered = sorted(found.train.items(), key=lambda entry: -entry[1])
        shown = ", ".join(f"{name} {count:,}" for name, count in ordered[:5])
        lines[0] += f"; {shown}" + (f", ... {ordered[-1][0]} {ordered[-1][1]:,}" if len(ordered) > 5 else "")
    if found.sides:
        heights, widths = (sorted(side) for side in zip(*found.sides, strict=True))
        oblong = sum(ratio > 1 for ratio in found.ratios)
        lines.append(
            f"{widths[0]}x{heights[0]} to {widths[-1]}x{heights[-1]} pixels, {oblong:,} no squares (up to "
            f"{max(found.ratios):.1f} to 1), {found.coloured:,} in colour"
        )
    if found.copies or found.near:
        example = f", such as {found.near[0][0]} and {found.near[0][1]}" if found.near else ""
        lines.append(f"{found.copies:,} exact copies, {len(found.near):,} near copies{example}")
    if found.broken:
        lines.append(
            f"left out, broken: {', '.join(found.broken[:5])}{' ...' if len(found.broken) > 5 else ''}"
        )
    if found.left_out:
        lines.append(f"left out, no known pictures: {listed(found.left_out)}")
    return lines
