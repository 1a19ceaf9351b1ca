"""What a volume covers of a picture: its silhouette, white on black, from above the front and turned.

The view is that of pictures of volumes (pipeline/kinds/shared/rays.py): turned by 30 degrees, seen from 25
above. Straight from the front a table would be a plate on two legs, as deep as one likes.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from pipeline.data.originals import Originals, Split
from pipeline.data.pairs import SOURCE
from pipeline.kinds.shared.rays import PICTURE, rendered

SIDE = 32  # pixels
_TIMES = PICTURE // SIDE


def with_silhouettes(volumes: Originals) -> Originals:
    """Volumes, and beside each its silhouette as the field `source`."""
    train, test = (_silhouettes(split) for split in (volumes.train, volumes.test))
    source = replace(volumes, train=train, test=test, field=None, size=SIDE)
    return replace(volumes, beside={SOURCE: source})


def silhouette(volumes: Tensor) -> Tensor:
    """Volumes uint8 [N, 1, S, S, S], filled where not 0, as pictures uint8 [N, 1, 32, 32].

    A pixel on the edge is as white as it is covered, as in a larger picture that was scaled down.
    """
    covered = torch.from_numpy(rendered(volumes[:, 0].numpy() > 0) > 0)
    blocks = covered.reshape(-1, SIDE, _TIMES, SIDE, _TIMES).float()
    return (255 * blocks.mean((2, 4))).round().byte()[:, None]


def _silhouettes(split: Split) -> Split:
    def batches() -> Iterator[Tensor]:
        for batch in split.batches():
            yield silhouette(batch)

    return Split(split.labels, batches)
