"""Captions composed of what a picture of a digit shows, and what a caption says of it, read back.

A meaning is a row of whole numbers [5], an attribute each, in the order of ATTRIBUTES.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.fields import text
from pipeline.kinds.text import read

# each value of an attribute by the words for it
ATTRIBUTES = {
    "digit": [
        *(["zero", "0"], ["one", "1"], ["two", "2"], ["three", "3"], ["four", "4"]),
        *(["five", "5"], ["six", "6"], ["seven", "7"], ["eight", "8"], ["nine", "9"]),
    ],
    "size": [["small", "little"], ["large", "big"]],
    "slant": [["upright", "straight"], ["slanted", "leaning"]],
    "colour": [["red"], ["green"], ["blue"], ["yellow"], ["purple"], ["white"]],
    "place": [["top left"], ["top right"], ["bottom left"], ["bottom right"], ["middle"]],
}
COUNTS = {name: len(values) for name, values in ATTRIBUTES.items()}
WORDINGS = (
    "a {size} {slant} {digit}, {place}, in {colour}",
    "a {size} {slant} {colour} {digit} at the {place}",
    "{colour} {digit}, {size} and {slant}, {place}",
    "in the {place} a {size} {colour} {digit}, {slant}",
)
LENGTH = 10  # words at most
PLACE_WORDS = {"top": 0, "bottom": 2, "left": 0, "right": 1, "middle": 4}  # they add up to the place
# what each word adds to each attribute
MEANINGS = {word: {} for word in ("a", "and", "at", "in", "the")}
MEANINGS |= {
    word: {name: value}
    for name, values in ATTRIBUTES.items()
    if name != "place"
    for value, words in enumerate(values)
    for word in words
} | {word: {"place": value} for word, value in PLACE_WORDS.items()}
FIELD = text(sorted(MEANINGS), LENGTH)


def composed(meanings: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Word ids [N, LENGTH] of captions with those meanings [N, 5], in a wording drawn for each."""
    wordings = random.integers(len(WORDINGS), size=len(meanings))
    synonyms = random.random(meanings.shape)
    rows = zip(meanings.tolist(), wordings, synonyms, strict=True)
    return np.concatenate([read(_sentence(*row), FIELD, "captions") for row in rows])


def understood(captions: NDArray[np.int64]) -> NDArray[np.int64]:
    """What captions [N, LENGTH] mean: [N, 5]."""
    words = FIELD.about["vocabulary"]
    said = [[MEANINGS[word].get(name, 0) for name in ATTRIBUTES] for word in words]
    return np.array([[0] * len(ATTRIBUTES), *said], np.int64)[captions].sum(1)


def _sentence(meaning: list[int], wording: int, synonyms: NDArray[np.float64]) -> str:
    chosen = {}
    for (name, values), value, share in zip(ATTRIBUTES.items(), meaning, synonyms, strict=True):
        chosen[name] = values[value][int(share * len(values[value]))]
    return WORDINGS[wording].format(**chosen)
