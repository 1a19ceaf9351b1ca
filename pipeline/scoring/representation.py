"""What a linear classifier reads from features, by how many labels it is given.

Of a discriminator: Radford et al. 2016, section 5.1; of an encoder: Dumoulin et al. 2017, section 4.3.
"""

import statistics
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from pipeline.data.prepared import Part, Prepared
from pipeline.data.progress import items_bar
from pipeline.scoring.candidates import Images, alike, real, shuffled
from pipeline.scoring.features import GRID, Look
from pipeline.streams import seed_of

DRAWS = {100: 10, 1_000: 5, 10_000: 3}  # labels, and how many choices of them; all labels are one choice
WIDEST = 512  # numbers an image that a classifier is given
FITTED_ON = 5_000  # images that the components of wider features come from
BATCH = 500  # images at a time, so that wide features are never there for all
INVERSE_DECAY, STEPS = 10.0, 300  # of the classifier: C, and steps of L-BFGS at most

Features = NDArray[np.float32]  # [N, D]
Labels = NDArray[np.int64]  # [N]


def representation(views: Mapping[str, Look], prepared: Prepared, seed: int) -> dict[str, Any]:
    """Test accuracies of linear classifiers on each view of the images.

    Each view's own entry is the share with all labels; `curve` has by view and number of labels the mean,
    the deviation over the draws (None of one) and their number. `protocol` says how.
    """
    train, test = (_shuffled(prepared, part, seed) for part in ("train", "test"))
    choices = list(label_choices(train.labels, seed))
    curve = {}
    with items_bar() as bar:
        task = bar.add_task("representation: classifiers", total=len(views) * len(choices))
        for name, look in views.items():
            seen, tested = scaled(look, train.images, test.images, seed)
            shares: dict[int, list[float]] = {}
            for rows in choices:
                fitted = (seen[rows], train.labels[rows])
                shares.setdefault(len(rows), []).append(linear_accuracy(fitted, (tested, test.labels)))
                bar.advance(task)
            curve[name] = {str(count): _summary(each) for count, each in shares.items()}
    every = str(len(train))
    return {
        "protocol": _protocol(prepared, seed),
        **{name: points[every]["mean"] for name, points in curve.items()},
        "curve": curve,
    }


def label_choices(labels: Labels, seed: int) -> Iterator[Labels]:
    """Rows of labels int64 [N] to learn from: several draws of few, in the classes' own shares; then all.

    A number at which the rarest class has no label is left out.
    """
    shares = np.bincount(labels)
    for count, draws in DRAWS.items():
        if count < len(labels) and count * shares[shares > 0].min() >= len(labels):
            for draw in range(draws):
                yield alike(labels, shares, count, seed_of(seed, "representation labels", draw))
    yield np.arange(len(labels))


def scaled(
    look: Look, train: NDArray[np.uint8], test: NDArray[np.uint8], seed: int
) -> tuple[Features, Features]:
    """Features of both, about the mean of training images and of mean squared length 1, 512 wide at most.

    Images uint8 [N, C, H, W]. Of wider features the first principal components; they and the scale come from
    the first 5,000 training images, and need no label.
    """
    first = np.concatenate([look(images) for images in _batches(train[:FITTED_ON])])
    if first.shape[1] > WIDEST:
        about_mean = PCA(min(WIDEST, len(first)), svd_solver="randomized", random_state=seed)
    else:
        about_mean = StandardScaler(with_std=False)
    about_mean.fit(first)
    length = np.float32(np.sqrt(first.var(axis=0, dtype=np.float64).sum()) or 1)
    return tuple(
        np.concatenate([about_mean.transform(look(images)) / length for images in _batches(part)])
        for part in (train, test)
    )


def linear_accuracy(train: tuple[Features, Labels], test: tuple[Features, Labels]) -> float:
    """The share of `test` that a multinomial logistic regression, fitted to `train`, tells right.

    Each is features [N, D] and labels [N].
    """
    classifier = LogisticRegression(C=INVERSE_DECAY, max_iter=STEPS)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return float(classifier.fit(*train).score(*test))


def _shuffled(prepared: Prepared, part: Part, seed: int) -> Images:
    return real(prepared, part, shuffled(prepared, part, prepared.counts[part]["total"], seed))


def _batches(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _summary(shares: list[float]) -> dict[str, Any]:
    """Mean, deviation and number of the shares told right of several draws."""
    deviation = round(statistics.stdev(shares), 6) if len(shares) > 1 else None
    return {"mean": round(statistics.mean(shares), 6), "deviation": deviation, "draws": len(shares)}


def _protocol(prepared: Prepared, seed: int) -> str:
    train, test = (prepared.counts[part]["total"] for part in ("train", "test"))
    return (
        f"multinomial logistic regression (L2, C = {INVERSE_DECAY:g}, {STEPS} steps of L-BFGS at most) of up "
        f"to {train:,} labels of {prepared.dataset} at {prepared.size} pixels, drawn in the classes' shares, "
        f"seed {seed}, on {test:,} test images; features about their mean, of mean squared length 1; of "
        f"wider ones the first {WIDEST} principal components (of {FITTED_ON:,} images at most, unlabelled); "
        f"of a discriminator all convolutional layers, max-pooled to {GRID}x{GRID}, or where it has none its "
        "last hidden layer; of an encoder its last hidden layer, and its code"
    )
