"""Between which grey levels the pictures of a data set lie: where most of their darkest and brightest do."""

import numpy as np
from numpy.typing import NDArray

NEAR = 8  # grey levels from either end among which the limit is sought


def limits(counts: NDArray[np.int64]) -> list[int]:
    """Return the commonest of the darkest and of the brightest grey levels; `counts` [256] tells how many.

    MNIST's are 0 and 253: its strokes end there, though some pixels reach 255.
    """
    first, last = np.flatnonzero(counts)[[0, -1]]
    bright = max(first, last - NEAR + 1)
    return [
        int(first + counts[first : first + NEAR].argmax()),
        int(bright + counts[bright : last + 1].argmax()),
    ]
