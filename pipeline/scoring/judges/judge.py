"""The judge: a classifier trained on real images, in whose feature space samples are scored."""

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from pipeline.errors import UserError
from pipeline.files import atomic_path, sha256_of
from pipeline.params import Params
from pipeline.pixels import channels_last, to_float
from pipeline.places import judge_dir
from pipeline.scoring.judges.networks import ARCHITECTURES, FEATURES, JudgeShape

WEIGHTS, DESCRIPTION = "judge.safetensors", "judge.json"
ROTATIONS = ("0 degrees", "90 degrees", "180 degrees", "270 degrees")


def judge_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def exact_kernels() -> Any:
    """A context in which cuDNN gives the same result every time, in full float32."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


class Judge:
    """A trained judge. `description` is the content of judge.json: shape, accuracy, how it was trained."""

    def __init__(self, network: nn.Module, description: dict[str, Any]) -> None:
        self._device = judge_device()
        self._network = network.to(self._device).eval()
        self.description = description

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a judge that `save` wrote; UserError if it is not there, damaged, or not of a piece."""
        try:
            description = json.loads((folder / DESCRIPTION).read_text())
            weights = (folder / WEIGHTS).read_bytes()
            network = ARCHITECTURES[description["architecture"]](JudgeShape(**description["shape"]))
            network.load_state_dict(load(weights))
            intact = sha256_of(folder / WEIGHTS) == description["sha256"]
        except FileNotFoundError as error:
            raise UserError(
                f"{error.filename} is not here: train the judge with `python -m stages.judge`"
            ) from None
        except (ValueError, KeyError, TypeError, RuntimeError, SafetensorError):
            intact = False
        if not intact:
            raise UserError(
                f"{folder}: damaged, or from another version; train it again with `python -m stages.judge`"
            )
        return cls(channels_last(network), description)

    def save(self, folder: Path) -> None:
        """Write weights and description; the description gains the SHA-256 of the weights."""
        state = {name: value.cpu().contiguous() for name, value in self._network.state_dict().items()}
        with atomic_path(folder) as part:
            part.mkdir()
            (part / WEIGHTS).write_bytes(save(state))
            self.description = self.description | {"sha256": sha256_of(part / WEIGHTS)}
            (part / DESCRIPTION).write_text(json.dumps(self.description, indent=2, ensure_ascii=False) + "\n")

    def set_unit(self, images: NDArray[np.uint8]) -> None:
        """Choose the features' unit so that their (mean) variance over `images` is 1."""
        features, _ = self.features_and_logits(images)
        self._network.set_unit(torch.from_numpy(features.var(axis=0, dtype=np.float64)).float())

    @property
    def classifies(self) -> bool:
        """Whether its outputs are the classes of the data (else it tells rotations apart)."""
        return self.description["task"] == "classes"

    @torch.inference_mode()
    def features_and_logits(
        self, images: NDArray[np.uint8], batch: int = 500
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Images uint8 [N, C, H, W], or volumes, to features float32 [N, 128] and logits float32 [N, K]."""
        shape = JudgeShape(**self.description["shape"])
        if images.dtype != np.uint8 or images.shape[1:] != shape.seen:
            wanted = ", ".join(map(str, ("N", *shape.seen)))
            raise UserError(f"the judge looks at uint8 [{wanted}], not {images.dtype} {list(images.shape)}")
        features = np.empty((len(images), FEATURES), np.float32)
        logits = np.empty((len(images), shape.outputs), np.float32)
        with exact_kernels():
            for start in range(0, len(images), batch):
                part = slice(start, start + batch)
                # A copy, since a memory-mapped array is read-only and torch warns of that.
                pixels = torch.from_numpy(np.array(images[part])).to(self._device)
                outputs = self._network(to_float(pixels))
                features[part], logits[part] = (output.cpu().numpy() for output in outputs)
        return features, logits


def shape_of(seen: tuple[int, ...], classes: list[str]) -> JudgeShape:
    """The judge for images or volumes [C, S, ...]: of the classes, or of four rotations without."""
    channels, size, *_ = seen
    return JudgeShape(channels, size, len(classes) or len(ROTATIONS), len(seen) - 1)


def load_judges(params: Params, field: str = "images") -> dict[str, Judge]:
    """The judges of a field by name, first the one that measures the most.

    UserError if one is missing or damaged.
    """
    first = params.evaluate.judge
    names = [first, *(name for name in params.judges if name != first)]
    return {name: Judge.load(judge_dir(params.data, name, field)) for name in names}
