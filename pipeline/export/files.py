"""exported/<name>.onnx and what lies beside it, each checked before it appears."""

import sys
from collections.abc import Callable
from pathlib import Path

import onnx

from pipeline import files
from pipeline.data.prepared import Prepared
from pipeline.errors import RunError
from pipeline.export.description import metadata, tensors
from pipeline.export.image_to_image import is_image_to_image, write_image_to_image
from pipeline.export.search import SEARCH, NotTracedError, searching
from pipeline.export.search import as_onnx as as_search
from pipeline.export.seeded import check, seeded_model
from pipeline.export.to_onnx import as_onnx
from pipeline.inference.contract.network import Network
from pipeline.params import Params
from pipeline.systems.base import GENERATOR, Export

CONTENTS, IMAGE_TO_IMAGE = "contents.json", "image-to-image"
Conversion = Callable[[Export, int], tuple[onnx.ModelProto, float]]  # with a seed for what it is tried with


def export(params: Params, data: Prepared, exports: dict[str, Export], target: Path) -> float:
    """Write all files of a run; return the largest difference to torch.

    The generator, or else the first export, becomes NAME.onnx, with NAME.json and NAME.seeded.onnx; the
    others are in NAME.parts/, with the search of a generator's latents. One from an image to an image is in
    NAME.parts/image-to-image/ as well, in the form that other programs open. RunError if a file does not do
    what the torch module does.
    """
    main = GENERATOR if GENERATOR in exports else next(iter(exports))
    parts = {name: one for name, one in exports.items() if name != main}
    # moved into place only once all are right
    with files.atomic_path(target.with_suffix(".parts")) as folder, files.atomic_path(target) as part:
        folder.mkdir()
        model, difference = _write(params, data, exports[main], part, str(target))
        written = {main: model}
        for name, one in parts.items():
            shown = f"{target.stem}.parts/{name}.onnx"
            written[name], its_own = _write(params, data, one, folder / f"{name}.onnx", shown)
            difference = max(difference, its_own)
        for name, plain in written.items():
            if is_image_to_image(exports[name]):
                write_image_to_image(plain, exports[name], params.seed, folder / IMAGE_TO_IMAGE / name)
        if (search := searching(exports[main])) and _write_search(params, data, search, folder):
            parts[SEARCH] = search
        files.write_json(folder / CONTENTS, {"parts": list(parts)})
        network = Network(part, device="cpu")
        seeded = seeded_model(model, network.description)
        check(seeded, network)
        files.write_bytes(target.with_suffix(".seeded.onnx"), seeded.SerializeToString(deterministic=True))
    about = {entry.key: entry.value for entry in model.metadata_props}
    files.write_json(target.with_suffix(".json"), about | tensors(model))
    return difference


def _write_search(params: Params, data: Prepared, search: Export, folder: Path) -> bool:
    """Write the search of a generator's latents, or say why the generator ships without."""
    shown = f"{params.name}.parts/{SEARCH}.onnx"
    try:
        _write(params, data, search, folder / f"{SEARCH}.onnx", shown, as_search)
    except NotTracedError as error:
        print(f"warning: no {SEARCH}.onnx, so no gan-infer invert: {error}", file=sys.stderr)
        return False
    return True


def _write(
    params: Params, data: Prepared, one: Export, path: Path, shown: str, convert: Conversion = as_onnx
) -> tuple[onnx.ModelProto, float]:
    """Write one file, in messages `shown`; its model, and the difference to torch."""
    try:
        model, difference = convert(one, params.seed)
    except RunError as error:
        raise RunError(f"{shown}: {error}") from error
    about = metadata(params, data, one, difference)
    onnx.helper.set_model_props(model, dict(sorted(about.items())))
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return model, difference
