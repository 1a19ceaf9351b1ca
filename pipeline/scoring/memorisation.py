"""Whether samples sit closer to training images than unseen real images do."""

import numpy as np
from numpy.typing import NDArray

CLOSE = 0.01  # of unseen real images, this share lies as close to a training image


def memorised(nearest: NDArray[np.floating], usual: NDArray[np.floating]) -> float:
    """The share of samples as near to a training image as only CLOSE of unseen real images are.

    nearest: [N] distances from each sample to its nearest training image; usual: [M], the same for real
    images that were held out. CLOSE is innocent, 1 is a copy of the training set.
    """
    return float((nearest <= np.quantile(usual, CLOSE)).mean())
