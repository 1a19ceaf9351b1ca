"""Whether volumes hang together: what a generator makes should not fall apart."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from pipeline.scoring.evidence import Evidence, contestants
from pipeline.scoring.figure import About, Figure
from pipeline.scoring.spread import of_shares
from pipeline.streams import seed_of

FIGURES = {
    "one_piece": About(
        place=12,
        title="in one piece",
        good="as real",
        explanation="Share of volumes whose filled voxels all hang together, side by side.",
    )
}
NEEDS = {"voxels", "fake", "floor", "noise", "seed"}
ORDER = 52


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Of the volumes as they are."""
    whole = {who: in_one_piece(seen.images) for who, seen in contestants(evidence).items()}
    return {"one_piece": of_shares(whole, seed_of(evidence["seed"], "pieces"))}


def in_one_piece(volumes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of the volumes [N, 1, D, H, W], filled from 128 on, are one piece: bool [N]. No empty one is."""
    return np.array([label(volume[0] >= 128)[1] == 1 for volume in volumes])
