"""What the trained discriminator sees: a linear SVM on its features (Radford et al. 2016, section 5.1)."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d

from pipeline.data.prepared import Prepared
from pipeline.pixels import to_float
from pipeline.scoring.candidates import look_at, real, shuffled
from pipeline.scoring.judges.judge import Judge

TRAINED_ON = 10_000  # real training images, or all if there are fewer
GRID = 4  # pixels a side that each layer's maps are max-pooled to


def representation(discriminator: nn.Module, prepared: Prepared, judge: Judge, seed: int) -> dict[str, Any]:
    """Test accuracies of linear SVMs on the discriminator's features, on pixels and on the judge's features.

    Each entry is a share; `discriminator` is missing where it has no convolutions. `protocol` says how.
    """
    train, test = (
        look_at(judge, real(prepared, part, shuffled(prepared, part, count, seed)))
        for part, count in (("train", TRAINED_ON), ("test", prepared.counts["test"]["total"]))
    )
    views = {
        "pixels": [seen.images.reshape(len(seen), -1).astype(np.float32) for seen in (train, test)],
        "judge": [seen.features for seen in (train, test)],
    }
    pooled = [pooled_features(discriminator, seen.images, prepared.label_count) for seen in (train, test)]
    if pooled[0] is not None:
        views["discriminator"] = pooled
    protocol = (
        f"linear L2-SVM (C = 1, features of unit length), {len(train):,} training images of "
        f"{prepared.dataset} at {prepared.size} pixels, seed {seed}, {len(test):,} test images; of the "
        f"discriminator all convolutional layers, max-pooled to {GRID}x{GRID}"
    )
    accuracies = {
        name: linear_accuracy((seen, train.labels), (tested, test.labels), seed)
        for name, (seen, tested) in views.items()
    }
    return {"protocol": protocol} | accuracies


def linear_accuracy(
    train: tuple[NDArray[np.float32], NDArray[np.int64]],
    test: tuple[NDArray[np.float32], NDArray[np.int64]],
    seed: int,
) -> float:
    """The share of `test` that a linear SVM with squared hinge loss, fitted to `train`, tells right.

    Each is features [N, D] and labels [N].
    """
    classifier = make_pipeline(Normalizer(), LinearSVC(dual=True, random_state=seed))
    return float(classifier.fit(*train).score(*test))


@torch.inference_mode()
def pooled_features(
    discriminator: nn.Module, images: NDArray[np.uint8], classes: int, batch: int = 500
) -> NDArray[np.float32] | None:
    """Images uint8 [N, C, H, W] to the maps of all convolutional layers, pooled to 4x4: float32 [N, 16 maps].

    None where the discriminator has no convolutions.
    """
    probe = _maps(discriminator, np.repeat(images[:1], classes + 1, axis=0))
    # a branch that sees nothing but the label has a row a class, not a row an image
    layers = [index for index, maps in enumerate(probe) if maps.ndim == 4 and len(maps) == classes + 1]
    if not layers:
        return None
    rows = []
    for start in range(0, len(images), batch):
        maps = _maps(discriminator, images[start : start + batch])
        pooled = [adaptive_max_pool2d(maps[layer], GRID).flatten(1) for layer in layers]
        rows.append(torch.cat(pooled, dim=1).numpy())
    return np.concatenate(rows)


def _maps(discriminator: nn.Module, images: NDArray[np.uint8]) -> list[Tensor]:
    """What each rectifier puts out."""
    outputs: list[Tensor] = []
    hooks = [
        layer.register_forward_hook(lambda _layer, _inputs, output: outputs.append(output))
        for layer in discriminator.modules()
        if isinstance(layer, nn.LeakyReLU)
    ]
    pixels = torch.from_numpy(np.array(images))
    # the label is always the first: a conditional discriminator must not be told the answer
    discriminator(to_float(pixels), torch.zeros(len(pixels), dtype=torch.int64))
    for hook in hooks:
        hook.remove()
    return outputs
