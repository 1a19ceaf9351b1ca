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
    for file in read:
        _check_sizes(file, hole)
    with opened(path, device, what=Generator) as generator:
        about = generator.description
        field = about.outputs[about.picture]
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


def _check_sizes(file: str, hole: str) -> None:
    """InferenceError unless the mask has the pixels of the picture: else nobody knows what it covers."""
    sizes = [image.pixels_of(each, ANY_SIZE).shape[1::-1] for each in (file, hole)]
    if sizes[0] != sizes[1]:
        (wide, high), (its_wide, its_high) = sizes
        raise InferenceError(f"--mask {hole}: {its_wide} x {its_high} pixels; {file} has {wide} x {high}")


def _known(hole: str, field: Field, about: Description) -> np.ndarray:
    """The mask, float32 [1, 1, H, W]; InferenceError where it covers nothing or everything."""
    known = mask.read(hole, mask.of(field), about.name)
    if known.all() or not known.any():
        what = "nothing" if known.all() else "everything"
        raise InferenceError(f"--mask {hole}: covers {what}; black is what is to be filled, white is known")
    return known
