"""All pictures as one NumPy array, written batch by batch: memory stays flat whatever their number."""

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipeline.inference import files


def save(
    batches: Iterable[np.ndarray],
    shape: tuple[int, ...],
    labels: Sequence[int] | None,
    seeds: Sequence[int],
    target: Path,
) -> None:
    """Write batches of uint8 [<= batch, H, W, C], of `shape` [N, H, W, C] together, or volumes, to `target`.

    A .npy holds the images; a .npz, compressed, `images`, `seeds` int64 [N] and, where there are classes,
    `labels` int64 [N].
    """
    with files.appearing(target) as part:
        if target.suffix.lower() == ".npy":
            with part.open("wb") as file:
                _stream(file, batches, shape)
            return
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            with member(archive, "images") as file:
                _stream(file, batches, shape)
            for name, values in (("labels", labels), ("seeds", seeds)):
                if values is not None:
                    with member(archive, name) as file:
                        np.lib.format.write_array(file, np.asarray(values, np.int64))


def _stream(file: BinaryIO, batches: Iterable[np.ndarray], shape: tuple[int, ...]) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(file, header)
    for batch in batches:
        file.write(batch.tobytes())


def member(archive: zipfile.ZipFile, name: str) -> BinaryIO:
    """Open `name`.npy in the archive, dated at the zip format's first day: same pictures, same bytes."""
    info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    return archive.open(info, "w", force_zip64=True)
