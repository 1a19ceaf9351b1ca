"""Which classes a command draws."""

import numpy as np

from pipeline.inference.contract.description import Description
from pipeline.inference.contract.inputs import NOTHING, Given
from pipeline.inference.errors import InferenceError
from pipeline.inference.output.targets import DIGITS, file_safe, stem


def choose_label(description: Description, digit: str | None) -> int | None:
    """Return the class index that `--digit` means; None where it was not given."""
    if digit is None:
        return None
    if description.inputs_of("label") and not description.conditional:
        raise InferenceError(f"--digit {digit}: more than one label; {description.takes()}")
    if not description.conditional:
        raise InferenceError(
            f"--digit {digit}: {description.name} ({description.kind}) was trained without labels, "
            "so it can't be asked for one; leave --digit out"
        )
    return description.label(digit)


def one_a_row(description: Description, digit: str | None) -> list[int] | None:
    """Return the label of each row of a strip: the class asked for, or every class; None: no classes."""
    label = choose_label(description, digit)
    if not description.conditional:
        return None
    return list(range(len(description.classes))) if label is None else [label]


def _each(description: Description, digits: str) -> list[str]:
    """Return the classes that --digits names: between commas, one a character, or a single name."""
    if "," in digits:
        return [name.strip() for name in digits.split(",")]
    spelt = digits.isdigit() or all(len(name) == 1 for name in description.classes)
    return list(digits) if spelt else [digits]


def _given_labels(
    description: Description, digit: str | None, digits: str | None, count: int | None, given: Given
) -> tuple[str, list[int], int]:
    """The same where --field gave the labels."""
    name = description.label_input
    if digit is not None or digits is not None:
        raise InferenceError(f"{name} is given twice: by --field and by --digit or --digits")
    count = count or given.count
    labels = np.resize(given.rows[name], count).tolist()
    return stem(description, labels[0] if len(set(labels)) == 1 else None), labels, count


def choose_labels(
    description: Description,
    digit: str | None,
    digits: str | None,
    count: int | None,
    given: Given = NOTHING,
) -> tuple[str, list[int] | None, int]:
    """Return a name for the file, the label of each picture (None without classes), and how many they are.

    There are as many as rows were given, where that is more than one.
    """
    name, labels, chosen = _chosen(description, digit, digits, count, given)
    if given.count not in (1, chosen):
        raise InferenceError(f"{chosen} are asked for, {given.count} rows given: leave --count out")
    return name, labels, chosen


def _chosen(
    description: Description, digit: str | None, digits: str | None, count: int | None, given: Given
) -> tuple[str, list[int] | None, int]:
    if description.label_input in given.rows:
        return _given_labels(description, digit, digits, count, given)
    if digits is not None:
        if digit is not None or count is not None:
            raise InferenceError("--digits says which and how many: leave --digit and --count out")
        if not digits:
            raise InferenceError(
                "--digits is empty: say a number, such as 2026, or classes, such as cat,ship"
            )
        prefix = "digits-" if description.dataset in DIGITS else ""
        labels = [choose_label(description, each) for each in _each(description, digits)]
        return f"{prefix}{file_safe(digits)}", labels, len(labels)
    if count is None and given.count > 1:
        count = given.count
    label = choose_label(description, digit)
    name = stem(description, label)
    if not description.conditional:
        return name, None, count or 1
    if label is not None:
        return name, [label] * (count or 1), count or 1
    if description.noise is None or given.count > 1:
        raise InferenceError(f"--digit is missing: {description.takes()}")
    classes = len(description.classes)
    count = count or classes
    return name, [index % classes for index in range(count)], count
