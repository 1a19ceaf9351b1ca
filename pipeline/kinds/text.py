"""A caption as ids of words: int64 [L], where i is the i-th word of the vocabulary, and 0 none."""

import difflib
import re

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared import values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "int64"
OPTION = "--text WORDS"
WORD = re.compile(r"[^\W_]+")  # what stands between words, such as a comma, means nothing


def check_field(field: Field, side: str) -> None:
    """The words are different ones, in small letters, each as `read` would find it."""
    values.check_shape(field, "[L]")
    vocabulary = field.about.get("vocabulary")
    if not isinstance(vocabulary, list) or not vocabulary or not all(map(_is_word, vocabulary)):
        raise InferenceError("'vocabulary' is no list of words in small letters")
    if len(set(vocabulary)) < len(vocabulary):
        raise InferenceError("'vocabulary' names one twice")
    if not _is_alternatives(field.about.get("alternatives", []), set(vocabulary)):
        raise InferenceError("'alternatives' is no list of groups of lists of words in the vocabulary")


def about(field: Field) -> str:
    """How many words, and which."""
    return f"up to {field.shape[0]} words, 1 to {_count(field)}, of: {' '.join(field.about['vocabulary'])}"


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """Words in any case; InferenceError for an unknown one names the nearest, and for too many how many."""
    numbers = {word: number for number, word in enumerate(field.about["vocabulary"], 1)}
    words = WORD.findall(text.casefold())
    for word in words:
        if word not in numbers:
            raise InferenceError(f"{word!r} is no word that {owner} knows: {_choices(word, list(numbers))}")
    if not 1 <= len(words) <= field.shape[0]:
        raise InferenceError(f"{len(words)} words: {owner} takes 1 to {field.shape[0]}")
    ids = np.zeros((1, *field.shape), np.int64)
    ids[0, : len(words)] = [numbers[word] for word in words]
    return ids


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Int64 [N, L], each the id of a word, or 0."""
    values.check_array(name, field, DTYPE, array)
    values.check_index(name, array, _count(field) + 1)


def example(field: Field, count: int) -> np.ndarray:
    """One word each, in turn."""
    ids = np.zeros((count, *field.shape), np.int64)
    ids[:, 0] = 1 + np.arange(count) % _count(field)
    return ids


def _count(field: Field) -> int:
    return len(field.about["vocabulary"])


def _is_word(word: object) -> bool:
    return isinstance(word, str) and word == word.casefold() and WORD.fullmatch(word) is not None


def _is_alternatives(groups: object, known: set[str]) -> bool:
    """Lists of what may stand in one another's place, each a list of as many words for it."""
    if not isinstance(groups, list):
        return False
    for group in groups:
        if not isinstance(group, list) or not all(isinstance(words, list) for words in group):
            return False
        if not all(isinstance(word, str) and word in known for words in group for word in words):
            return False
        if len({len(words) for words in group}) != 1:
            return False
    return True


def _choices(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"say {near[0]}" if near else f"say one of {', '.join(known)}"
