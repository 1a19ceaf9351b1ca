"""Volumes as pictures: each pixel is a ray, and shows the first filled voxel that it enters.

Orthographic, from above the front. A ray crosses the planes between voxels at places that can be computed:
between two of them it is in one voxel, and the axis of the plane by which it came in is the side that shows
(Amanatides and Woo, A Fast Voxel Traversal Algorithm for Ray Tracing, 1987).
"""

import math

import numpy as np

PICTURE = 96  # pixels a side, of any volume
TURN, RISE = 30.0, 25.0  # degrees: how far a volume is turned, and from how far above it is seen
REACH = 0.78  # half the picture's side, in sides of the volume: its corners are within at any turn
# where light comes from: to the right, down, into the picture
LIGHT = np.array([-0.5, -0.75, -0.45]) / np.linalg.norm([-0.5, -0.75, -0.45])
SHADE, FAR = 0.3, 0.45  # of full light: what a side that is turned away has; what distance takes at most


def rendered(volumes: np.ndarray, turn: float = TURN) -> np.ndarray:
    """uint8 [N, PICTURE, PICTURE], 0 is black, of volumes bool [N, S, S, S] turned by `turn` degrees.

    The axes of a volume are depth, height from above, and width.
    """
    voxels, light = _rays(volumes.shape[1], turn)
    pictures = np.empty((len(volumes), PICTURE * PICTURE), np.uint8)
    pixels = np.arange(PICTURE * PICTURE)
    for picture, volume in zip(pictures, volumes, strict=True):
        full = np.append(volume.ravel(), False)[voxels]  # and what lies outside is empty
        first = full.argmax(axis=1)
        picture[:] = np.where(full[pixels, first], light[pixels, first], 0)
    return pictures.reshape(-1, PICTURE, PICTURE)


def _rays(side: int, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """What each ray [PICTURE^2] enters, in order: the voxel's place in the volume, and its grey level.

    Outside of the volume the place is `side`^3.
    """
    ahead, right, down = _camera(turn)
    across = ((2 * np.arange(PICTURE) + 1) / PICTURE - 1) * REACH * side
    lines, columns = np.meshgrid(across, across, indexing="ij")
    begin = side / 2 + lines.reshape(-1, 1) * down + columns.reshape(-1, 1) * right
    planes = (np.arange(side + 1)[:, None] - begin[:, None]) / ahead  # [P, S + 1, 3]: how far along the ray
    order = planes.reshape(len(begin), -1).argsort(axis=1, kind="stable")
    far = np.take_along_axis(planes.reshape(len(begin), -1), order, axis=1)
    middles = begin[:, None] + ((far[:, 1:] + far[:, :-1]) / 2)[..., None] * ahead
    places = np.floor(middles).astype(np.int64)
    inside = ((places >= 0) & (places < side)).all(axis=2)
    flat = (places * [side * side, side, 1]).sum(axis=2)
    nearness = np.clip(0.5 - far[:, :-1] / (2 * REACH * side), 0, 1)
    light = _sides(ahead, right, down)[order[:, :-1] % 3] * (1 - FAR + FAR * nearness)
    return np.where(inside, flat, side**3), np.rint(255 * light)


def _camera(turn: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors (depth, height, width) of a volume: into the picture, to its right and down in it."""
    rise, turned = math.radians(RISE), math.radians(turn)
    cosine, sine = math.cos(turned), math.sin(turned)
    about = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    vectors = [[math.cos(rise), math.sin(rise), 0], [0, 0, 1], [-math.sin(rise), math.cos(rise), 0]]
    ahead, right, down = (about @ vector for vector in np.array(vectors))
    return np.where(np.abs(ahead) < 1e-9, 1e-9, ahead), right, down  # no ray is along a plane


def _sides(ahead: np.ndarray, right: np.ndarray, down: np.ndarray) -> np.ndarray:
    """How bright the side is that each axis shows to the viewer, by Lambert's law."""
    towards = -np.sign(ahead)[:, None] * np.stack([right, down, ahead], axis=1)
    return SHADE + (1 - SHADE) * np.clip(towards @ LIGHT, 0, 1)
