"""Pictures through a network from an image to an image: each keeps its size, or its name in a folder."""

from collections.abc import Sequence

from pipeline.fields import is_free
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.network import Network
from pipeline.inference.contract.tiles import arrow
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import targets, translations
from pipeline.inference.output.drawing import Output
from pipeline.kinds import image

USED = ("onnx", "image", "tile", "out", "scale", "show", "as_json", "force", "device")


def is_asked(about: Description, out: str | None, tile: int | None) -> bool:
    """Whether pictures are to be taken one by one; else one of a fixed size is drawn as any other output."""
    if not arrow(about):
        if tile is not None:
            raise InferenceError(f"--tile {tile}: is for a network from an image to one; {about.takes()}")
        return False
    ((_, given), _) = arrow(about)
    return is_free(given) or tile is not None or (out is not None and targets.is_folder(out))


def translate(
    network: Network, shown: Sequence[str], tile: int | None, output: Output, given: Sequence[str]
) -> None:
    """Write what becomes of the pictures `shown`; `given` are the names of all options that were."""
    about = network.description
    for name in given:
        if name not in USED:
            raise InferenceError(f"--{name}: {about.takes()} and has no use for that")
    if not shown:
        raise InferenceError(f"--image is missing: {about.takes()}")
    translations.write(network, [file for each in shown for file in image.each(each)], tile, output)
