"""What can be edited in a generator's pictures: a table, a file of steps, strips."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.inference.console import say, write_json, write_table
from pipeline.inference.contract import vectors
from pipeline.inference.contract.attributes import AMOUNTS, SAMPLES, TRIED, Attribute, measured, tried
from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.labelled import told
from pipeline.inference.contract.opening import opened
from pipeline.inference.contract.walks import along, latents
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import choices, pictures, targets
from pipeline.inference.output.drawing import Output


def attributes(
    path: Path,
    samples: Sequence[Path],
    strips: str | None,
    digit: str | None,
    seed: int,
    output: Output,
    device: str,
) -> None:
    """Find the attributes, print them as a table or as JSON, and write what --out and --strips name."""
    if output.out is not None and Path(output.out).suffix.lower() != ".json":
        raise InferenceError(f"--out {output.out}: end it in .json")
    if strips is not None and Path(strips).suffix.lower() not in targets.STILLS:
        raise InferenceError(f"--strips {strips}: end it in .png or .jpg")
    if not output.force:
        targets.refuse_existing([Path(each) for each in (output.out, strips) if each is not None])
    with opened(path, device, what=Generator) as generator:
        labels = choices.one_a_row(generator.description, digit) or [None]
        found = [told(generator, file) for file in samples] or _measured(generator)
        out = output.out or targets.unused(f"{generator.description.name}-attributes.json")
        vectors.write(found, generator.description, Path(out))
        say(f"wrote {out}")
        if strips is not None:
            walks = [_walk(generator, each, label, seed) for label in labels for each in found]
            columns = len(AMOUNTS) * len(found)
            pictures.save(pictures.sheet(np.concatenate(walks), columns, output.scale), Path(strips))
            say(f"wrote {strips}")
    if output.as_json:
        write_json({"model": generator.description.name, "attributes": [_line(each) for each in found]})
    else:
        write_table([_line(each) for each in found])


def _measured(generator: Generator) -> list[Attribute]:
    """The attributes that can be measured, tried on samples from which they were not found."""
    found, background = measured(generator)
    seeds = range(SAMPLES, SAMPLES + TRIED)
    return [tried(generator, each, background, seeds) for each in found]


def _walk(generator: Generator, attribute: Attribute, label: int | None, seed: int) -> np.ndarray:
    """Return uint8 [T, H, W, C], the picture of a seed from -2 to 2 deviations."""
    (z,) = latents(generator, [seed])
    return along(generator, z, attribute.step, AMOUNTS, label, generator.others([seed]))


def _line(attribute: Attribute) -> dict[str, object]:
    """What is told of an attribute: all but the step, to four digits."""
    told = {"attribute": attribute.name} | vars(attribute)
    del told["name"], told["step"]
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in told.items()}
