"""The latents of pictures: what the generator would have to be fed to make them."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.inference import files
from pipeline.inference.console import say, steps_bar, write_json, write_table
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.inversion import Inverted, invert, pictures
from pipeline.inference.contract.opening import opened
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import choices, targets
from pipeline.inference.output.pictures import save, sheet, sheet_size
from pipeline.kinds import image, mask


def invert_pictures(
    path: Path,
    shown: Sequence[str],
    digit: str | None,
    covered: str | None,
    out: str | None,
    search: tuple[int, int, int],
    scale: int,
    as_json: bool,
    force: bool,
    device: str,
) -> None:
    """Write each picture beside what the generator makes of its latent, and the latents as .npy.

    `search`: steps, starts and seed. Tell the error of each, and the time.
    """
    read = [file for each in shown for file in image.each(each)]
    with opened(path, device, what=Generator) as generator:
        about = generator.description
        field = about.sought()
        label = choices.choose_label(about, digit)
        target = _target(out or targets.unused(f"{about.name}-inverted.png"), out is not None and not force)
        sheet_size(2 * len(read), 2, scale, *field.shape[1:])
        wanted = np.concatenate([image.read(file, field, about.name) for file in read])
        kept = mask.read(covered, mask.of(field), about.name) if covered else None
        labels = None if label is None else np.full(len(read), label)
        steps, starts, seed = search
        began = time.perf_counter()
        with steps_bar() as told:
            found = invert(
                generator, wanted, labels, mask=kept, starts=starts, steps=steps, seed=seed, told=told
            )
        seconds = time.perf_counter() - began
        seen = wanted if kept is None else wanted * kept
        pairs = np.stack([generator.pixels(seen), generator.pixels(pictures(generator, found))], 1)
    save(sheet(pairs.reshape(-1, *pairs.shape[2:]), 2, scale), target)
    latents = target.with_suffix(".npy")
    with files.appearing(latents) as part, part.open("wb") as file:
        np.save(file, found.z)
    table = _table(about, read, found)
    if as_json:
        written = {"picture": str(target), "latents": str(latents), "seconds": round(seconds, 3)}
        write_json({"model": about.name, "pictures": table} | written)
    else:
        write_table([row | {"error": f"{row['error']:.2e}"} for row in table])
    say(f"wrote {target} and {latents} after {seconds:.1f} s")


def _target(out: str, keep: bool) -> Path:
    """Where the picture goes; InferenceError where it or the .npy beside it would replace what is there."""
    target = Path(out)
    if target.suffix.lower() not in targets.PICTURES:
        raise InferenceError(f"--out {out}: end it in .png, .jpg or .webp; the latents go beside it, as .npy")
    if keep:
        targets.refuse_existing([target, target.with_suffix(".npy")])
    return target


def _table(about: Description, read: Sequence[str], found: Inverted) -> list[dict[str, object]]:
    """Of each picture its file, its class or category where there is one, and its error."""
    choice, _ = about.column
    told = []
    for index, file in enumerate(read):
        row: dict[str, object] = {"file": file}
        if choice is not None:
            label = int(found.labels[index])
            row[choice] = about.classes[label] if choice == about.label_input else label
        told.append(row | {"error": float(found.error[index])})
    return told
