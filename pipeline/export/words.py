"""The inputs and outputs of a file in words, for the card."""

import re
from collections.abc import Iterable

from pipeline import kinds
from pipeline.export.seeded import dtype, seeded_fields
from pipeline.fields import Field, Fields
from pipeline.inference.contract.description import Description
from pipeline.kinds.shared.noise import MAX_SEED

HEADINGS = {"label": "class", "image": "picture", "voxels": "volume", "mel": "sound"}  # else the kind itself
UNCOUNTED = ("noise", "probabilities")
VALUES = {  # of the example, by kind
    "seed": "np.array([7])",
    "label": "np.array([1])",
    "category": "np.array([1])",
    "pixels": "np.zeros({shape}, np.uint8)",
    "text": "np.zeros({shape}, np.int64)",
    "box": "np.array([[0.25, 0.25, 0.5, 0.5]], np.float32)",
}


def sides(inputs: Fields, outputs: Fields) -> str:
    """What goes in and comes out, such as "noise and a class in, a picture out"."""
    return f"{_nouns(inputs, 'in')} in, {_nouns(outputs, 'out')} out"


def tensor(name: str, field: Field) -> str:
    """Name, type and shape of one field, the data field that it stands for, and what its values mean."""
    shape = ", ".join(map(str, ("N", *field.shape)))
    told = [f"`{name}` {dtype(field)} [{shape}]"]
    if of := field.about.get("of"):
        told.append(f"of `{of}`")
    if values := _values(field):
        told.append(values)
    return ", ".join(told)


def arrow(about: Description) -> str:
    """All inputs and outputs on one line."""
    given, made = (
        ", ".join(tensor(name, field) for name, field in fields.items())
        for fields in (about.inputs, about.outputs)
    )
    return f"{given} -> {made}"


def table(about: Description) -> list[tuple[str, str, str]]:
    """A row a field: what it is, how the plain file has it, and how the seeded one."""
    inputs, outputs = seeded_fields(about)
    rows = []
    for side, fields, seeded in (("in", about.inputs, inputs), ("out", about.outputs, outputs)):
        for name, field in fields.items():
            own = name if name in seeded else "seed"
            beside = "the same" if seeded[own] == field else tensor(own, seeded[own])
            rows.append((f"{_heading(field, side)} {side}", tensor(name, field), beside))
    return rows


def program(about: Description) -> str:
    """The lines of Python that run the seeded file once."""
    inputs, outputs = seeded_fields(about)
    fed = ", ".join(f'"{name}": {_example(field)}' for name, field in inputs.items())
    names = ", ".join(re.sub(r"\W", "_", name) for name in outputs)
    first = "[0]" if len(outputs) == 1 else ""
    return f"{names} = session.run(None, {{{fed}}}){first}"


def class_lists(about: Description) -> dict[str, list[str]]:
    """The names of classes, by the field whose numbers or places they are."""
    fields = {**about.inputs, **about.outputs}
    return {name: field.about["classes"] for name, field in fields.items() if "classes" in field.about}


def ranged(about: Description) -> str:
    """What of the inputs has a range that a graph doesn't check, such as "label or seed"."""
    inputs, _ = seeded_fields(about)
    found = {field.kind for field in inputs.values()}
    return " or ".join(kind for kind in ("label", "category", "text", "box", "seed") if kind in found)


def vector_files(about: Description) -> str:
    """Which of the test vectors is in which file."""
    files = [
        f"`{name}` in `{side}_{index}.pb`"
        for side, fields in (("input", about.inputs), ("output", about.outputs))
        for index, name in enumerate(fields)
    ]
    return _joined(files)


def _heading(field: Field, side: str) -> str:
    if field.kind == "latent" and side == "in":
        return "noise"
    return HEADINGS.get(field.kind, field.kind)


def _nouns(fields: Fields, side: str) -> str:
    """One for each kind, in order."""
    headings = dict.fromkeys(_heading(field, side) for field in fields.values())
    return _joined(heading if heading in UNCOUNTED else f"a {heading}" for heading in headings)


def _joined(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _values(field: Field) -> str:
    match field.kind:
        case "seed":
            return f"0 to {MAX_SEED}"
        case "pixels":
            return "0 is black"
        case "image":
            low, high = field.about["range"]
            return f"{low:g} is black, {high:g} is white"
        case "label":
            return f"0 to {len(field.about['classes']) - 1}"
    return kinds.find(field.kind).about(field)


def _example(field: Field) -> str:
    shape = (1, *field.shape)
    return VALUES.get(field.kind, "np.zeros({shape}, np.float32)").format(shape=shape)
