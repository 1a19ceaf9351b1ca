"""One file a kind of field: how a value is read, checked, drawn and shown. NumPy and Pillow only.

The file's name is the kind. Each has

- DTYPE: that of the tensor; OPTION: how `gan-infer` is given one;
- check_field(field, side): refuse what a file says of such an "input" or "output", if it can't be;
- about(field): the same in words;
- read(text, field, owner): the value that a text of the command line means, [1, *shape], or several, a row
  each; `owner` is the name of the file that takes it;
- check(name, field, values): refuse an array that is no batch of such values;
- example(field, count): some values, to try a file with; not where it can be drawn.

Those that can be drawn from seeds (latent, code, category) have width(field), how many columns of noise that
takes, and draw(field, seeds, first), from column `first` on. Those that are numbers have names(field), one
for each number, and shown(field, row), a few words of it. Those that can be seen have pixels(field, values),
uint8 [N, H, W, C], the picture_shape(field) of one, [C, H, W], and stored(field, values), uint8 [N, *shape],
as prepared data hold them.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.kinds.shared.errors import InferenceError

if TYPE_CHECKING:  # seen by what lists the code that a stage reaches
    from pipeline.kinds import (  # noqa: F401
        box,
        category,
        code,
        image,
        label,
        latent,
        mask,
        mel,
        numbers,
        probabilities,
        text,
        voxels,
    )


@cache
def names() -> tuple[str, ...]:
    """The kinds there are."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


@cache
def find(kind: str) -> ModuleType:
    """Return the module of a kind; InferenceError for an unknown one."""
    if kind not in names():
        raise InferenceError(f"kind {kind!r}: known are {', '.join(names())}")
    return import_module(f"pipeline.kinds.{kind}")


def visible(kind: str) -> bool:
    """Whether a picture can be made of a value of this kind."""
    return hasattr(find(kind), "pixels")


def drawable(kind: str) -> bool:
    """Whether a value of this kind can be drawn from a seed."""
    return hasattr(find(kind), "draw")
