"""Pictures with a hole, filled by what the generator would put there."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.fields import Field
from pipeline.inference.console import say, steps_bar, write_json
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.inpainting import inpaint
from pipeline.inference.contract.opening import opened
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import choices, pictures, targets
from pipeline.inference.output.drawing import Output, may_write
from pipeline.kinds import image, mask

ANY_SIZE = (3, "height", "width")


def inpaint_pictures(
    path: Path,
    shown: Sequence[str],
    digit: str | None,
    hole: str,
    search: tuple[int, int, int],
    output: Output,
    device: str,
) -> None:
    """Write each picture with its hole filled, several on a sheet; `search`: steps, starts and seed."""
    read = [file for each in shown for file in image.each(each)]
    _check_sizes(read, hole)
    with opened(path, device, what=Generator) as generator:
        about = generator.description
        field = about.sought()
        label = choices.choose_label(about, digit)
        target = targets.picture(output.out or targets.unused(f"{about.name}-inpainted.png"))
        may_write([target], output)
        pictures.sheet_size(len(read), output.columns, output.scale, *field.shape[1:])
        given = np.concatenate([image.read(file, field, about.name) for file in read])
        known = _known(hole, field, about)
        labels = None if label is None else np.full(len(read), label)
        steps, starts, seed = search
        began = time.perf_counter()
        with steps_bar() as told:
            filled, found = inpaint(
                generator, given, known, labels, starts=starts, steps=steps, seed=seed, told=told
            )
        seconds = time.perf_counter() - began
        sheet = pictures.sheet(generator.pixels(filled), output.columns, output.scale)
    pictures.save(sheet, target)
    say(f"wrote {target} after {seconds:.1f} s")
    if output.as_json:
        rows = zip(read, found.error.tolist(), strict=True)
        told = [{"file": file, "loss": loss} for file, loss in rows]
        write_json({"model": about.name, "picture": str(target), "pictures": told})


def _check_sizes(read: Sequence[str], hole: str) -> None:
    """InferenceError unless the mask has the pixels of each picture: else nobody knows what it covers."""
    high, wide, _ = image.pixels_of(hole, ANY_SIZE).shape
    for file in read:
        its_high, its_wide, _ = image.pixels_of(file, ANY_SIZE).shape
        if (its_high, its_wide) != (high, wide):
            raise InferenceError(f"--mask {hole}: {wide} x {high} pixels; {file} has {its_wide} x {its_high}")


def _known(hole: str, field: Field, about: Description) -> np.ndarray:
    """The mask, float32 [1, 1, H, W]; InferenceError where it covers nothing or everything."""
    known = mask.read(hole, mask.of(field), about.name)
    if known.all() or not known.any():
        what = "nothing" if known.all() else "everything"
        raise InferenceError(f"--mask {hole}: covers {what}; black is what is to be filled, white is known")
    return known
