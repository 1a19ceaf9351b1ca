"""A volume: how full each voxel of a cube is, float32 [1, D, H, W] in [0, 1]; from a half on it is filled.

A slice [H, W] is a picture as seen from the front, the first slice in front, the first row on top.
"""

import numpy as np

from pipeline.fields import Field
from pipeline.kinds.shared import rays, values
from pipeline.kinds.shared.errors import InferenceError

DTYPE = "float32"
OPTION = "--field NAME=FILE.npy"
FILLED = 0.5  # from which a voxel counts
LARGEST = 256  # voxels a side: more can't be drawn, and a .vox has no more


def check_field(field: Field, side: str) -> None:
    """A cube, in the one range."""
    values.check_shape(field, "[1, D, H, W]")
    one, *sides = field.shape
    if one != 1 or len(set(sides)) > 1 or sides[0] > LARGEST:
        raise InferenceError(f"shape is {list(field.shape)}: not [1, S, S, S] with S at most {LARGEST}")
    if field.about.get("range") != [0, 1]:
        raise InferenceError(f"'range' is {field.about.get('range')!r}: known is [0, 1]")


def about(field: Field) -> str:
    """What the values mean."""
    return "in [0, 1]: a voxel is filled from 0.5 on"


def read(text: str, field: Field, owner: str) -> np.ndarray:
    """Volumes in a .npy file, as `--out FILE.npy` writes them: what is not 0 is filled."""
    sides = field.shape[1:]
    found = values.loaded(text, sides, "bui", f"uint8 [N, {', '.join(map(str, sides))}]")
    return (found != 0).astype(np.float32)[:, None]


def check(name: str, field: Field, array: np.ndarray) -> None:
    """Float32 [N, 1, D, H, W], each from 0 to 1."""
    values.check_array(name, field, DTYPE, array)
    if ((array < 0) | (array > 1)).any():
        raise InferenceError(f"{name}: each voxel is from 0 to 1")


def example(field: Field, count: int) -> np.ndarray:
    """The lower half is filled, of each one further slice less."""
    volumes = np.zeros((count, *field.shape), np.float32)
    for index, volume in enumerate(volumes):
        volume[:, index % field.shape[1] :, field.shape[2] // 2 :] = 1
    return volumes


def picture_shape(field: Field) -> tuple[int, int, int]:
    """[C, H, W] of what `pixels` draws: grey."""
    return 1, rays.PICTURE, rays.PICTURE


def pixels(field: Field, array: np.ndarray) -> np.ndarray:
    """Draw float [N, 1, D, H, W]: uint8 [N, H, W, 1], shaded."""
    return rays.rendered(filled(array))[..., None]


def stored(field: Field, array: np.ndarray) -> np.ndarray:
    """Map float [N, 1, D, H, W] to uint8 of the same shape, as data are stored: 0, or 255 where filled."""
    return np.where(array >= FILLED, 255, 0).astype(np.uint8)


def filled(array: np.ndarray) -> np.ndarray:
    """Which voxels of float [N, 1, D, H, W] are filled: bool [N, D, H, W]."""
    return array[:, 0] >= FILLED
