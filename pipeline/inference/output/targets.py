"""The names of the files that pictures go to."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.inference.contract.description import Description
from pipeline.inference.errors import InferenceError

DIGITS = ("mnist", "digits", "spoken_digits")
ARRAYS = (".npy", ".npz")
NUMBERS = (".json", ".csv", ".npz")
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
STILLS = (".png", ".jpg", ".jpeg")
ANIMATIONS = (".gif", ".webp")
VOLUMES = (".npy", ".npz", ".gif", ".obj", ".vox")
SOUNDS = (".wav",)
PLACEHOLDER = re.compile(r"\{(index|seed|label)\}")


def stem(description: Description, label: int | None) -> str:
    """Return a file name without its ending: "digit-5", "Trouser", or without a label the model's name."""
    if label is None:
        return description.name
    name = file_safe(description.classes[label])
    return f"digit-{name}" if description.dataset in DIGITS else name


def file_safe(name: str) -> str:
    """Return a class name fit for a file name: "T-shirt/top" becomes "T-shirt-top"."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "class"


def one_file_each(out: str) -> bool:
    """Whether `out` asks for one file a picture: a folder, or a pattern with {index}, {seed} or {label}."""
    return is_folder(out) or PLACEHOLDER.search(out) is not None


def is_array(out: str) -> bool:
    """Whether `out` asks for all pictures as one array: NumPy's .npy or .npz."""
    return Path(out).suffix.lower() in ARRAYS


def files(
    out: str,
    description: Description,
    labels: Sequence[int] | None,
    seeds: Sequence[int],
    endings: Sequence[str] = PICTURES,
) -> list[Path]:
    """Return a file for each picture, volume or sound, all different, where `one_file_each(out)`."""
    if labels is None and "{label}" in out:
        raise InferenceError(f"--out {out}: {description.name} has no labels; say {{seed}} or {{index}}")
    found = []
    for index, seed in enumerate(seeds):
        label = None if labels is None else labels[index]
        values = {"index": str(index), "seed": str(seed)}
        if label is not None:
            values["label"] = file_safe(description.classes[label])
        pattern = f"{out}/{stem(description, label)}-{{seed}}.png" if is_folder(out) else out
        name = PLACEHOLDER.sub(lambda match, values=values: values[match[1]], pattern)
        found.append(picture(name, endings))
    if len(set(found)) < len(found):
        raise InferenceError(f"--out {out}: gives several pictures one name; put {{seed}} or {{index}} in it")
    return found


def picture(out: str, endings: Sequence[str] = PICTURES) -> Path:
    """Return the path of a picture, or say that its name promises something else."""
    if Path(out).suffix.lower() not in endings:
        raise InferenceError(
            f"--out {out}: end it in .png, .jpg or .webp, or in / for a folder, or .npy or .npz for an "
            "array; volumes also in .gif, .obj or .vox, sounds in .wav"
        )
    return Path(out)


def strip(out: str) -> Path:
    """Return the path of a strip or an animation, or say that its name promises something else."""
    if Path(out).suffix.lower() not in STILLS + ANIMATIONS:
        raise InferenceError(
            f"--out {out}: end it in .png or .jpg for a strip, in .gif or .webp for an animation"
        )
    return Path(out)


def unused(name: str) -> str:
    """Return a file name that nothing has yet: "digit-5.png", else "digit-5-2.png" and so on."""
    path, number = Path(name), 1
    while path.exists():
        number += 1
        path = Path(name).with_stem(f"{Path(name).stem}-{number}")
    return str(path)


def refuse_existing(paths: Sequence[Path]) -> None:
    """InferenceError where a file is there already."""
    there = [path for path in paths if os.path.exists(path)]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise InferenceError(f"--out: {there[0]}{more} already exists; add --force to replace it")


def is_folder(out: str) -> bool:
    """Whether `out` is a folder: one that is there, or ends in /."""
    return out.endswith("/") or os.path.isdir(out)  # Path.is_dir raises for a name too long
