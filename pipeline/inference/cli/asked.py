"""What --code, --image, --text, --box and --field ask for, as rows of the inputs that they mean."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline import kinds
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.inputs import Given
from pipeline.inference.errors import InferenceError
from pipeline.kinds import category, image
from pipeline.kinds.shared.values import number

MAX_ROWS = 100_000
Texts = dict[str, list[tuple[str, str]]]  # by input: (option as it was given, value)


def read(
    description: Description,
    codes: Sequence[str] | None,
    of_kinds: Mapping[str, Sequence[str] | None],
    fields: Sequence[str] | None,
) -> Given:
    """Return what was given; InferenceError names an option that has no use or no meaning for the file.

    `of_kinds` are the values of the options that are named after a kind of input, by that kind.
    """
    texts: Texts = {}
    for kind, values in of_kinds.items():
        texts |= _texts_of(description, kind, values or ())
    for name, given in _field_texts(description, fields or ()).items():
        if name in texts:
            kind = description.inputs[name].kind
            raise InferenceError(f"{name} is given twice: by --{kind} and by --field")
        texts[name] = given
    rows = {name: _rows(description, name, given) for name, given in texts.items()}
    many = {name: len(each) for name, each in rows.items() if len(each) > 1}
    if len(set(many.values())) > 1:
        told = ", ".join(f"{count} of {name}" for name, count in many.items())
        raise InferenceError(f"{told}: say one, for all, or the same number of each")
    return _with_codes(description, Given(rows), codes or ())


def places(description: Description) -> list[tuple[str, int]]:
    """Return what --code numbers from 1, each category and each number of a code: (input, place in it)."""
    names = description.inputs_of("category", "code")
    return [(name, index) for name in names for index in range((description.inputs[name].shape or (1,))[0])]


def _texts_of(description: Description, kind: str, given: Sequence[str]) -> Texts:
    """What the option named after a kind means."""
    if not given:
        return {}
    names, first = description.inputs_of(kind), f"--{kind} {given[0]}"
    if not names:
        raise InferenceError(f"{first}: there is no {kind} to give; {description.takes()}")
    if len(names) > 1:
        value = kinds.find(kind).OPTION.partition(" ")[2]
        raise InferenceError(f"{first}: say --field with {' or '.join(names)}, {names[0]}={value}")
    return {names[0]: [(f"--{kind} {text}", text) for text in given]}


def _field_texts(description: Description, fields: Sequence[str]) -> Texts:
    texts: Texts = {}
    for given in fields:
        name, equals, text = given.partition("=")
        if not equals:
            raise InferenceError(f"--field {given}: say NAME=VALUE; {description.takes()}")
        if name not in description.inputs:
            raise InferenceError(f"--field {given}: there is no input {name!r}; {description.takes()}")
        texts.setdefault(name, []).append((f"--field {given}", text))
    return texts


def _rows(description: Description, name: str, given: list[tuple[str, str]]) -> np.ndarray:
    """Return a row for each value; of an image for each file, where a folder was given."""
    field = description.inputs[name]
    kind, found = kinds.find(field.kind), []
    for option, text in given:
        try:
            each = image.each(text) if field.kind == "image" else [text]
            if len(each) + len(found) > MAX_ROWS:
                raise InferenceError(f"more than {MAX_ROWS:,} rows")
            found += [kind.read(one, field, description.name) for one in each]
            kind.check(name, field, found[-1])
        except InferenceError as error:
            raise InferenceError(f"{option}: {error}") from None
    rows = np.concatenate(found)
    if len(rows) > MAX_ROWS:
        raise InferenceError(f"{given[-1][0]}: more than {MAX_ROWS:,} rows")
    return rows


def _with_codes(description: Description, given: Given, codes: Sequence[str]) -> Given:
    """Return the same with what --code sets; of a code, the numbers that it leaves out are drawn."""
    entries: dict[str, dict[int, float]] = {}
    rows = dict(given.rows)
    for text in codes:
        name, index, value = _code(description, text)
        if name in given.rows:
            raise InferenceError(f"{name} is given twice: by --code and by --field")
        if index in entries.setdefault(name, {}):
            raise InferenceError(f"--code {text}: that is given twice")
        entries[name][index] = value
        if description.inputs[name].kind == "category":
            rows[name] = np.array([value], np.int64)
    return Given(rows, entries)


def _code(description: Description, text: str) -> tuple[str, int, float]:
    """Return the input, the place in it and the value that K=VALUE means."""
    found = places(description)
    if not found:
        raise InferenceError(f"--code {text}: there is no category and no code; {description.takes()}")
    match = re.fullmatch(r"([0-9]{1,9})=(.+)", text)
    if not match or not 1 <= int(match[1]) <= len(found):
        what = ", ".join(f"{place} {_word(description, *each)}" for place, each in enumerate(found[:9], 1))
        raise InferenceError(f"--code {text}: say K=VALUE, where K is 1 to {len(found)} ({what})")
    name, index = found[int(match[1]) - 1]
    field = description.inputs[name]
    try:
        if field.kind == "category":
            return name, index, int(category.read(match[2], field, description.name)[0])
        return name, index, number(match[2])
    except InferenceError as error:
        raise InferenceError(f"--code {text}: {error}") from None


def _word(description: Description, name: str, index: int) -> str:
    field = description.inputs[name]
    return f"is {name}, {category.about(field)}" if field.kind == "category" else f"is {name}[{index}]"
