"""Pictures for people, of the samples that were scored."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline import plots
from pipeline.inference import Network
from pipeline.inference.contract.inputs import NOTHING, Given
from pipeline.kinds.image import to_uint8
from pipeline.scoring.candidates import Candidate, Images, drawn, sample_seeds
from pipeline.scoring.evidence import Evidence, groups
from pipeline.scoring.figure import Figure
from pipeline.scoring.neighbours import nearest_rows
from pipeline.scoring.parts import Posterior

ROWS = 10
BESIDE = 64
COLUMNS = 16
TRANSLATED = 3  # rows of images and their translations
VALUES = 7  # of a code, over twice the range that was drawn in training
SEARCHED, NEIGHBOURS = 12, 4  # samples whose nearest training images are shown, and how many of them
TILE = 64  # pixels a side, at the least, of an image there


def draw(folder: Path, generator: Network, evidence: Evidence, scores: dict[str, Figure], seed: int) -> None:
    """Write the pictures into `folder`; per-class.png only where there are labels."""
    if "translated" in evidence:
        shown = translations(*evidence["translated"][:3])
    elif "sources" in evidence:
        shown = translations(evidence["sources"], evidence["fake"], evidence.get("cycle"))
    elif generator.description.inputs_of("text"):
        shown = plots.grid(evidence["fake"].images[: ROWS * ROWS], ROWS, scale=2)
    else:
        shown = samples_grid(generator, seed)
    plots.save(shown, folder / "samples.png")
    pair = [
        seen.images[_of_every_class(evidence, seen, BESIDE)] for seen in (evidence["test"], evidence["fake"])
    ]
    plots.save(plots.real_beside_fake(*pair), folder / "real-beside-fake.png")
    plots.save(neighbours(evidence), folder / "neighbours.png")
    if "posterior" in evidence:
        plots.save(reconstructions(evidence["posterior"]), folder / "reconstructions.png")
    if generator.description.inputs_of("code"):
        plots.save(codes(generator, seed), folder / "codes.png")
    if "label_accuracy" in scores:
        shares = {
            name: share for name, share in scores["label_accuracy"]["per_class"].items() if share is not None
        }
        plots.save(
            plots.bars(shares, "samples in which the judge sees their label"), folder / "per-class.png"
        )


def samples_grid(generator: Network, seed: int) -> Image.Image:
    """Ten latents, one a row, each with every class or category, one a column; a hundred latents without."""
    name, count = generator.description.column
    columns = count or ROWS
    seeds = np.repeat(sample_seeds(seed, ROWS), columns) if name else sample_seeds(seed, ROWS * columns)
    given = Given({name: np.tile(np.arange(columns), ROWS)}) if name else NOTHING
    return plots.grid(drawn(generator, seeds, given), columns, scale=2)


def codes(generator: Network, seed: int) -> Image.Image:
    """A code a block: its value rises by the row, beyond what was drawn in training, category by column."""
    (name, *_), (category, count) = generator.description.inputs_of("code"), generator.description.column
    field, columns = generator.description.inputs[name], count or ROWS
    low, high = field.about["low"], field.about["high"]
    values = np.linspace(low - (high - low) / 2, high + (high - low) / 2, VALUES)
    of_column = np.arange(columns)
    seeds = sample_seeds(seed, 1 if category else columns)
    blocks = []
    for index in range(field.shape[0]):
        for value in values:
            rows = {category: of_column} if category else {}
            given = Given(rows, {name: {index: value}})
            blocks.append(drawn(generator, np.resize(seeds, columns), given))
    return plots.grid(np.concatenate(blocks), columns, scale=2)


def translations(sources: Images, made: Images, third: Images | None) -> Image.Image:
    """What went in, under it what came out, and then what should have, or what came back of that."""
    rows = []
    for start in range(0, COLUMNS * TRANSLATED, COLUMNS):
        for seen in filter(None, (sources, made, third)):
            rows.append(seen.images[start : start + COLUMNS])
    scale = 1 if made.images.ndim == 5 else 2
    return plots.grid(plots.interleaved(rows), COLUMNS, scale)


def reconstructions(found: Posterior) -> Image.Image:
    """Test images, and under each what comes back from its code."""
    back = to_uint8(found.decode(found.mean[:COLUMNS])).transpose(0, 3, 1, 2)
    return plots.grid(np.concatenate([found.images.images[:COLUMNS], back]), COLUMNS, scale=2)


def neighbours(evidence: Evidence) -> Image.Image:
    """A sample a row, then the training images nearest to it in the judge's features, and in pixels."""
    fake, training = evidence["fake"], evidence["training"].images
    shown = _of_every_class(evidence, fake, SEARCHED)
    spaces = {
        "nearest, to the judge": nearest_rows(
            evidence["training_features"], fake.features[shown], NEIGHBOURS
        ),
        "nearest, in pixels": nearest_rows(training, fake.images[shown], NEIGHBOURS),
    }
    scale = -(-TILE // fake.images.shape[2])
    panels = {"sample": plots.grid(fake.images[shown], 1, scale)}
    for caption, rows in spaces.items():
        panels[caption] = plots.grid(training[rows.ravel()], NEIGHBOURS, scale)
    return _captioned(panels)


def _of_every_class(evidence: Evidence, seen: Candidate, count: int) -> NDArray[np.int64]:
    """The rows of `count` images or fewer, sorted by class: one of each class in turn, also of a rare one."""
    classes = groups(evidence, seen)
    by_class = np.argsort(classes, kind="stable")
    place = np.empty(len(classes), np.int64)  # of each image among those of its class
    place[by_class] = np.arange(len(classes)) - np.searchsorted(classes[by_class], classes[by_class])
    first = np.lexsort((classes, place))[:count]
    return first[np.argsort(classes[first], kind="stable")]


def _captioned(panels: dict[str, Image.Image], gap: int = 20, caption: int = 28) -> Image.Image:
    """Panels of one height and mode side by side, each with its caption above; sizes in pixels."""
    width = sum(panel.width + gap for panel in panels.values()) - gap
    height, mode = next((panel.height, panel.mode) for panel in panels.values())
    sheet = Image.new(mode, (width, caption + height), "white")
    draw = ImageDraw.Draw(sheet)
    left = 0
    for title, panel in panels.items():
        middle = (left + panel.width / 2, caption / 2)
        draw.text(middle, title, plots.INK, ImageFont.load_default(16), anchor="mm")
        sheet.paste(panel, (left, caption))
        left += panel.width + gap
    return sheet
