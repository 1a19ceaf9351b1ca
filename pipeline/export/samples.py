"""The picture on the card: what the file makes of the first seeds, or of the first test rows."""

import numpy as np
from PIL import Image

from pipeline import plots
from pipeline.data.prepared import Prepared
from pipeline.inference.contract.inputs import examples
from pipeline.inference.contract.network import Network
from pipeline.kinds import image

ROWS, COLUMNS = 4, 10  # where no class gives the columns


def samples(network: Network, data: Prepared) -> tuple[Image.Image, str] | None:
    """The picture, and how it is read; None where the file makes no images."""
    about = network.description
    if about.picture is None:
        return None
    if about.inputs_of("image"):
        return _of_test_images(network, data)
    if about.inputs_of("text"):
        return _of_captions(network, data)
    choice, columns = about.column
    if choice is None:
        return _grid(_pictures(network, np.arange(ROWS * COLUMNS), {}), COLUMNS), "the seeds from 0"
    chosen = {choice: np.tile(np.arange(columns), ROWS)}
    drawn = _pictures(network, np.arange(ROWS).repeat(columns), chosen)
    word = "class" if about.inputs[choice].kind == "label" else choice
    return _grid(drawn, columns), f"one seed a row, from 0, and one {word} a column"


def _of_test_images(network: Network, data: Prepared) -> tuple[Image.Image, str]:
    """Below each image what becomes of it; that alone where it has another size or other colours."""
    about = network.description
    seen, rows = {}, {}
    for name in about.inputs_of("image"):
        field = about.inputs[name]
        seen[name] = data.part(field.about.get("of", "images"), "test")[:COLUMNS]
        rows[name] = image.from_pixels(field, seen[name].transpose(0, 2, 3, 1))
    count = len(next(iter(rows.values())))
    made = _pictures(network, np.arange(count), rows)
    alike = [images for images in seen.values() if images.shape == made.shape]
    words = "test images, and below each what becomes of it" if alike else "what becomes of test images"
    return _grid(np.concatenate([*alike, made]), count), words


def _of_captions(network: Network, data: Prepared) -> tuple[Image.Image, str]:
    about = network.description
    given = {
        name: data.part(about.inputs[name].about["of"], "test")[: ROWS * COLUMNS]
        for name in about.inputs_of("text", "box")
    }
    made = _pictures(network, np.arange(len(next(iter(given.values())))), given)
    return _grid(made, COLUMNS), f"the {' and '.join(given)} of the first test images, with the seeds from 0"


def _pictures(network: Network, seeds: np.ndarray, given: dict[str, np.ndarray]) -> np.ndarray:
    """uint8 [N, C, H, W], or volumes, of a seed each, and of what is given a row for each."""
    outputs = network.compute(examples(network.description, seeds) | given)
    return network.stored(outputs[network.description.picture])


def _grid(images: np.ndarray, columns: int) -> Image.Image:
    return plots.grid(images, columns, scale=2)
