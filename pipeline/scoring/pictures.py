"""Pictures for people, of the samples that were scored."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline import figures
from pipeline.inference import Generator
from pipeline.scoring.candidates import sample_seeds
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.scores import Figure

ROWS = 10
BESIDE = 64


def draw(
    folder: Path, generator: Generator, evidence: Evidence, scores: dict[str, Figure], seed: int
) -> None:
    """Write samples.png and real-beside-fake.png into `folder`, and per-class.png where there are labels."""
    figures.save(samples_grid(generator, seed), folder / "samples.png")
    pair = figures.real_beside_fake(_spread(evidence.test.images), _spread(evidence.fake.images))
    figures.save(pair, folder / "real-beside-fake.png")
    if "label_accuracy" in scores:
        shares = {
            name: share for name, share in scores["label_accuracy"]["per_class"].items() if share is not None
        }
        figures.save(
            figures.bars(shares, "samples in which the judge sees their label"), folder / "per-class.png"
        )


def _spread(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Some images from all over the array: a folder's test images are sorted by class."""
    return images[np.linspace(0, len(images) - 1, min(BESIDE, len(images))).astype(int)]


def samples_grid(generator: Generator, seed: int) -> Image.Image:
    """Ten latents, one a row, each with every class, one a column; a hundred latents where there are none."""
    classes = len(generator.description.classes)
    columns = classes or ROWS
    seeds = np.repeat(sample_seeds(seed, ROWS), columns) if classes else sample_seeds(seed, ROWS * columns)
    labels = np.tile(np.arange(columns), ROWS) if classes else None
    return figures.grid(generator.sample(labels, seeds).transpose(0, 3, 1, 2), columns, scale=2)
