"""The network of standard FID and KID, through torch-fidelity, from weights that the user puts in place."""

import io
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.errors import UserError
from pipeline.files import sha256_of
from pipeline.scoring.judges.judge import exact_kernels, judge_device

URL = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
CHECKSUM = "6726825d"  # how the SHA-256 of the published file begins: its name says so
HOW_TO_GET_IT = (
    f"no Inception FID and KID: for them fetch {URL}, `pip install torch-fidelity`, "
    "and set evaluate.inception_weights to the file"
)
BATCH = 50


class Inception:
    """The Inception network of the standard FID, and how far real images are from the test images in it.

    train, test: uint8 [N, C, H, W], grey or colour; they are looked at once, however many generators follow.
    The figures are those of `torch_fidelity.calculate_metrics` (its resize, its weights, its subsets).
    UserError if torch-fidelity is not installed, or `weights` is not the file published at `URL`.
    """

    def __init__(self, weights: Path, train: NDArray[np.uint8], test: NDArray[np.uint8]) -> None:
        self.sha256 = _checked(weights)
        self._device = judge_device()
        self._network = _network(weights).to(self._device)
        self._reference = self._features(test)
        self.real = self.distances(train)

    def distances(self, images: NDArray[np.uint8]) -> tuple[float, float, float]:
        """FID, and mean and standard deviation of KID, to the test images."""
        from torch_fidelity.metric_fid import (
            KEY_METRIC_FID,
            fid_features_to_statistics,
            fid_statistics_to_metric,
        )
        from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric

        pair = self._features(images), self._reference
        fid = fid_statistics_to_metric(*map(fid_features_to_statistics, pair), verbose=False)
        size = min(1000, *map(len, pair))  # of KID's subsets; 1000 is the standard
        kid = kid_features_to_metric(*pair, kid_subset_size=size, verbose=False)
        return fid[KEY_METRIC_FID], kid[KEY_METRIC_KID_MEAN], kid[KEY_METRIC_KID_STD]

    @torch.inference_mode()
    def _features(self, images: NDArray[np.uint8]) -> Tensor:
        """Images uint8 [N, C, H, W] to float32 [N, 2048]; grey ones have the same value in each channel."""
        parts = []
        with exact_kernels():
            for start in range(0, len(images), BATCH):
                pixels = torch.from_numpy(np.array(images[start : start + BATCH]))
                colour = pixels.expand(-1, 3, -1, -1).to(self._device)
                parts.append(self._network(colour)[0].cpu())
        return torch.cat(parts)


def _checked(weights: Path) -> str:
    """The SHA-256 of the file, if it is the one that all the world's figures are computed with."""
    where = f"evaluate.inception_weights: {weights}"
    if not weights.is_file():
        raise UserError(f"{where} is not a file; fetch {URL}, or set it to null")
    digest = sha256_of(weights)
    if not digest.startswith(CHECKSUM):
        raise UserError(f"{where} has the SHA-256 {digest[:8]}..., not {CHECKSUM}...: fetch {URL} again")
    return digest


def _network(weights: Path) -> nn.Module:
    """torch-fidelity's network with these weights."""
    # torch-fidelity imports torchvision, which may need help to load
    import pipeline.data._torchvision  # noqa: F401

    try:
        from torch_fidelity import FeatureExtractorInceptionV3
    except ImportError:
        raise UserError(
            "evaluate.inception_weights needs torch-fidelity: `pip install torch-fidelity`, or set it to null"
        ) from None
    # It unpickles whatever it is given: give it a copy of what can be loaded safely.
    copy = io.BytesIO()
    torch.save(torch.load(weights, map_location="cpu", weights_only=True), copy)
    copy.seek(0)
    return FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=copy)
