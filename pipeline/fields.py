"""A field: one tensor that crosses a border (data set, ONNX file, command line). Standard library only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Field:
    """What a tensor is: its kind, its shape after N, and what there is to say about it.

    A side that is free is named, "height" or "width", or a multiple of such a one, "4*height".
    """

    kind: str
    shape: tuple[int | str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


Fields = Mapping[str, Field]  # by name


def is_free(field: Field) -> bool:
    """Whether it has a free side."""
    return any(isinstance(side, str) for side in field.shape)


def at_size(field: Field, height: int, width: int) -> Field:
    """The same where the free sides are those."""
    known = {"height": height, "width": width}
    shape = []
    for side in field.shape:
        times, _, name = str(side).rpartition("*")
        shape.append(int(times or 1) * known[name] if isinstance(side, str) else side)
    return replace(field, shape=tuple(shape))


def latent(z_dim: int, distribution: str) -> Field:
    """Noise z [N, z_dim], `normal`: from N(0, 1); `uniform`: from [0, 1)."""
    return Field("latent", (z_dim,), {"distribution": distribution})


def image(channels: int, size: int) -> Field:
    """Square pictures; float in [-1, 1] between networks, uint8 on the disk, where 0 is black.

    Their `limits` are the grey levels, 0 to 255, between which they lie.
    """
    return Field("image", (channels, size, size), {"limits": [0, 255]})


def voxels(size: int) -> Field:
    """Cubes; how full each voxel is: float in [0, 1] between networks, on the disk uint8: 0, or 255."""
    return Field("voxels", (1, size, size, size))


def mel(bands: int, frames: int, rate: int, hop: int, window: int, decibels: tuple[float, float]) -> Field:
    """Log-mel spectrograms as they are drawn, the highest band first; float in [-1, 1] between networks.

    Of sounds at `rate` samples a second: a frame each `hop` samples, of a `window` of so many; -1 and 1 are
    `decibels`. uint8 on the disk.
    """
    about = {"rate": rate, "hop": hop, "window": window, "decibels": list(decibels)}
    return Field("mel", (1, bands, frames), about)


def label(classes: Sequence[str]) -> Field:
    """The index of a class, int64 [N]; of no classes it is 0 throughout."""
    return Field("label", (), {"classes": list(classes)})


def category(count: int) -> Field:
    """One of several categories without a name, int64 [N]."""
    return Field("category", (), {"count": count})


def probabilities(of: str, classes: Sequence[str]) -> Field:
    """How likely each class is, float32 [N, K]; `of` is the field whose values they tell."""
    return Field("probabilities", (len(classes),), {"of": of, "classes": list(classes)})


def text(
    vocabulary: Sequence[str], length: int, alternatives: Sequence[Sequence[Sequence[str]]] = ()
) -> Field:
    """Captions of up to `length` words, int64 [N, length]: i is the i-th word, 0 is none.

    `alternatives`: what may stand in one another's place, each by as many words for it:
    [[["red"], ["green"]], [["large", "big"], ["small", "little"]]].
    """
    about = {"vocabulary": list(vocabulary)}
    if alternatives:
        about["alternatives"] = [[list(words) for words in group] for group in alternatives]
    return Field("text", (length,), about)


def box() -> Field:
    """Boxes in pictures, float32 [N, 4]: left, top, width and height in shares of the picture's sides."""
    return Field("box", (4,))


def class_count(field: Field) -> int:
    """How many values a label takes: the number of classes, or 1 where there are none."""
    return max(1, len(field.about["classes"]))


def to_json(field: Field) -> dict[str, Any]:
    """For `from_json`."""
    return {"kind": field.kind, "shape": list(field.shape), "about": dict(field.about)}


def from_json(content: Mapping[str, Any]) -> Field:
    """The field that `to_json` gave."""
    return Field(content["kind"], tuple(content["shape"]), content["about"])
