"""Captions composed of what a picture of a digit shows, and what a caption says of it, read back."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.fields import text
from pipeline.kinds.text import WORD, read

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
LENGTH = 10  # words at most
PLACE_WORDS = {"top": 0, "bottom": 2, "left": 0, "right": 1, "middle": 4}  # they add up to the place
OF_PLACES = ([["top"], ["bottom"]], [["left"], ["right"]])  # what may stand in one another's place


class Language:
    """What captions say of a picture, and in which words; a meaning is a row [A], as `counts` goes."""

    def __init__(self, said: Sequence[str], wordings: Sequence[str]) -> None:
        """`said` are the attributes; each of the `wordings` names them all in braces."""
        self.wordings = wordings
        self.values = {name: ATTRIBUTES[name] for name in said}
        self.counts = {name: len(values) for name, values in self.values.items()}
        meanings = {
            word: {name: value}
            for name, values in self.values.items()
            for value, words in enumerate(values)
            for word in words
            if name != "place"
        }
        meanings |= {word: {"place": value} for word, value in PLACE_WORDS.items() if "place" in said}
        meanings |= {word: {} for word in WORD.findall(re.sub("{.*?}", " ", " ".join(wordings)))}
        alternatives = [values for name, values in self.values.items() if name != "place"]
        alternatives += OF_PLACES if "place" in said else ()
        self.field = text(sorted(meanings), LENGTH, alternatives)
        # what each word adds to each attribute; no word adds nothing
        rows = [[meanings[word].get(name, 0) for name in said] for word in sorted(meanings)]
        self._adds = np.array([[0] * len(said), *rows], np.int64)

    def composed(self, meanings: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        """Word ids [N, LENGTH] of captions with those meanings [N, A], in a wording drawn for each."""
        wordings = random.integers(len(self.wordings), size=len(meanings))
        synonyms = random.random(meanings.shape)
        rows = zip(meanings.tolist(), wordings, synonyms, strict=True)
        return np.concatenate([read(self._sentence(*row), self.field, "captions") for row in rows])

    def understood(self, captions: NDArray[np.int64]) -> NDArray[np.int64]:
        """What captions [N, LENGTH] mean: [N, A]."""
        return self._adds[captions].sum(1)

    def _sentence(self, meaning: list[int], wording: int, synonyms: NDArray[np.float64]) -> str:
        chosen = {}
        for (name, values), value, share in zip(self.values.items(), meaning, synonyms, strict=True):
            chosen[name] = values[value][int(share * len(values[value]))]
        return self.wordings[wording].format(**chosen)


FULL = Language(
    tuple(ATTRIBUTES),
    (
        "a {size} {slant} {digit}, {place}, in {colour}",
        "a {size} {slant} {colour} {digit} at the {place}",
        "{colour} {digit}, {size} and {slant}, {place}",
        "in the {place} a {size} {colour} {digit}, {slant}",
    ),
)
# how large it is, and where, says a box
BOXED = Language(
    ("digit", "slant", "colour"),
    (
        "a {slant} {digit} in {colour}",
        "a {slant} {colour} {digit}",
        "{colour} {digit}, {slant}",
        "a {colour} and {slant} {digit}",
    ),
)
