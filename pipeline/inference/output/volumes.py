"""Volumes as files: an array, a turntable, a mesh, or the voxels of MagicaVoxel."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.inference import console, files
from pipeline.inference.contract.network import Network
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import arrays, pictures, targets
from pipeline.inference.output.drawing import Asked, Output, may_write
from pipeline.kinds.shared.rays import PICTURE, TURN, rendered
from pipeline.kinds.voxels import filled

FRAMES = 24  # of a turntable, over a whole turn
COLOUR = 1  # of every voxel of a .vox: the first of its palette, white


def write(network: Network, asked: Asked, out: str, output: Output) -> list[Path]:
    """Write all volumes in one file, or one file each; return the files."""
    ending, count = Path(out).suffix.lower(), len(asked.seeds)
    if output.show:
        raise InferenceError(f"--show: is for one picture or no file, not for --out {out}")
    if output.scale != 1 and ending != ".gif":
        raise InferenceError(f"--scale {output.scale}: is for pictures; {out} holds voxels")
    each = targets.one_file_each(out)
    if not each and ending in WRITERS and count > 1:
        raise InferenceError(
            f"--out {out}: holds one volume, and {count} are asked for; put {{seed}} or {{index}} in it"
        )
    names = [Path(out)]
    if each:
        names = targets.files(out, network.description, asked.labels, asked.seeds, targets.VOLUMES)
    may_write(names, output)
    volumes = _volumes(network, asked)
    groups = (volume[None] for volume in volumes) if each else [np.stack(list(volumes))]
    for name, group in zip(names, groups, strict=True):
        _write(group, asked, name, output)
    return names


def _write(volumes: np.ndarray, asked: Asked, target: Path, output: Output) -> None:
    """Write volumes bool [N, D, H, W] as the file's ending says."""
    ending = target.suffix.lower()
    if ending == ".gif":
        turntable(volumes, output.columns, output.scale, target)
    elif ending in WRITERS:
        with files.appearing(target) as part:
            WRITERS[ending](volumes[0], part)
    else:
        arrays.save([volumes.astype(np.uint8)], volumes.shape, asked.labels, asked.seeds, target)


def _volumes(network: Network, asked: Asked) -> Iterator[np.ndarray]:
    """Yield bool [D, H, W] for each seed, where filled."""
    name = network.description.picture
    batches = (filled(outputs[name]) for outputs in network.outputs(asked.seeds, asked.given))
    for batch in console.progress(batches, len(asked.seeds)):
        yield from batch


def turntable(volumes: np.ndarray, columns: int, scale: int, target: Path) -> None:
    """Write an animation of volumes bool [N, D, H, W], side by side, that turn once around, for ever."""
    pictures.sheet_size(len(volumes), columns, scale, PICTURE, PICTURE)
    turns = TURN + np.arange(FRAMES) * (360 / FRAMES)
    frames = [pictures.sheet(rendered(volumes, turn)[..., None], columns, scale) for turn in turns]
    pictures.save_frames(frames, target, back=False)


def write_obj(volume: np.ndarray, part: Path) -> None:
    """Write the surface of a volume bool [D, H, W] as Wavefront's .obj: squares that share their corners.

    x is to the right, y up, z towards the viewer; a voxel is 1 wide, and the corners go round to the left as
    seen from outside.
    """
    corners, squares = surface(volume)
    height = volume.shape[1]
    lines = [f"v {x} {height - y} {-z}" for z, y, x in corners.tolist()]
    lines += ["f " + " ".join(str(corner + 1) for corner in square) for square in squares.tolist()]
    part.write_text("\n".join(["# voxels", *lines, ""]), encoding="ascii")


def surface(volume: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners, int64 [V, 3], of a volume's surface and its squares, int64 [F, 4], as rows of them.

    A side of a filled voxel is on the surface where the next voxel is empty. The corners are those of the
    lattice (depth, height, width), each once; of a square they go round to the left as seen from outside,
    where depth leads away, height down and width to the right.
    """
    around, found = np.pad(volume, 1), []
    for axis in range(3):
        first, second = np.eye(3, dtype=np.int64)[[(axis + 1) % 3, (axis + 2) % 3]]
        for step in (-1, 1):
            open_side = volume & ~np.roll(around, -step, axis)[1:-1, 1:-1, 1:-1]
            begin = np.argwhere(open_side) + (step > 0) * np.eye(3, dtype=np.int64)[axis]
            turn = [0 * first, first, first + second, second][::-step]
            found.append(np.stack([begin + corner for corner in turn], axis=1))
    corners, squares = np.unique(np.concatenate(found).reshape(-1, 3), axis=0, return_inverse=True)
    return corners, squares.reshape(-1, 4)


def write_vox(volume: np.ndarray, part: Path) -> None:
    """Write a volume bool [D, H, W] as MagicaVoxel's .vox: x to the right, y to the back, z up."""
    depth, height, width = volume.shape
    z, y, x = np.nonzero(volume)
    voxels = np.stack([x, z, height - 1 - y, np.full(len(x), COLOUR)], axis=1).astype(np.uint8)
    size = _chunk(b"SIZE", struct.pack("<3i", width, depth, height))
    places = _chunk(b"XYZI", struct.pack("<i", len(voxels)) + voxels.tobytes())
    part.write_bytes(b"VOX " + struct.pack("<i", 150) + _chunk(b"MAIN", b"", size + places))


def _chunk(name: bytes, content: bytes, children: bytes = b"") -> bytes:
    return name + struct.pack("<2i", len(content), len(children)) + content + children


WRITERS = {".obj": write_obj, ".vox": write_vox}
