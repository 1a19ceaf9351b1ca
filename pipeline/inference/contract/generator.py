"""An exported generator as an object: seeds and labels in, pictures out."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.inference.contract.description import read_description
from pipeline.inference.contract.session import cores, open_session
from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared.noise import checked_seeds, latent

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

BATCH = 256
SHARE = 16  # images that a thread takes at a time: measured, larger ones are slower


class Generator:
    """One ONNX file, opened and checked.

    On the CPU it computes in up to `threads` threads; None is one for each core. The bytes do not depend on
    them. `description` is what the file says about itself, `device` where it runs ("cpu" or "cuda").
    """

    def __init__(self, path: str | Path, device: str = "auto", threads: int | None = None) -> None:
        self._session = open_session(Path(path), device)
        try:
            self.description = read_description(self._session)
        except InferenceError as error:
            raise InferenceError(f"{path}: {error}") from None
        except UnicodeDecodeError as error:
            raise InferenceError(f"{path}: a damaged ONNX file (a name in it is not UTF-8)") from error
        self.device = "cuda" if "CUDAExecutionProvider" in self._session.get_providers() else "cpu"
        self._threads = (threads or cores()) if self.device == "cpu" else 1

    def run(self, z: np.ndarray, labels: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """Return float32 [N, C, H, W] in [-1, 1] for z: float32 [N, z_dim] and one class index a row.

        `labels` is None for an unconditional model. They are checked here: the graph itself takes any index.
        """
        if z.dtype != np.float32 or z.ndim != 2 or z.shape[1] != self.description.z_dim:
            raise InferenceError(f"z is {z.dtype} {list(z.shape)}; say float32 [N, {self.description.z_dim}]")
        inputs = {"z": z}
        checked = self._check_labels(labels, len(z))
        if checked is not None:
            inputs["label"] = checked
        try:
            images = self._computed(inputs)
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise InferenceError(f"the model failed while running: {str(error)[:200]}") from error
        if images.shape != (len(z), *self.description.image_shape) or not np.isfinite(images).all():
            raise InferenceError("the model gave pictures of another shape, or values that are not numbers")
        return images

    def _computed(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """What the session makes of `inputs`, share by share where there are threads for it."""
        count = len(inputs["z"])
        if self._threads == 1 or count <= SHARE:
            return self._session.run(["image"], inputs)[0]
        shares = [
            {name: rows[start : start + SHARE] for name, rows in inputs.items()}
            for start in range(0, count, SHARE)
        ]
        return np.concatenate(list(self._pool.map(lambda own: self._session.run(["image"], own)[0], shares)))

    @cached_property
    def _pool(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor  # late: one picture needs none

        return ThreadPoolExecutor(self._threads)

    def batches(
        self, labels: Sequence[int] | np.ndarray | None, seeds: Sequence[int] | np.ndarray, batch: int = BATCH
    ) -> Iterator[np.ndarray]:
        """Yield uint8 [<= batch, H, W, C], 0 is black, one picture a seed, in the order of `seeds`.

        A seed and its label give the same bytes whatever is asked for beside them.
        """
        checked = self._check_labels(labels, len(seeds))
        seeds = checked_seeds(seeds)  # all of them before the first picture
        for start in range(0, len(seeds), batch):
            part = slice(start, start + batch)
            z = latent(seeds[part], self.description.z_dim, self.description.latent)
            rows = np.arange(len(z))
            if self.device == "cuda":
                # cuBLAS and cuDNN choose kernels, and so the rounding, by the batch's size: keep it the same.
                rows = np.resize(rows, batch)
            chosen = None if checked is None else checked[part][rows]
            yield to_uint8(self.run(z[rows], chosen)[: len(z)])

    def sample(
        self, labels: Sequence[int] | np.ndarray | None, seeds: Sequence[int] | np.ndarray, batch: int = BATCH
    ) -> np.ndarray:
        """Return uint8 [N, H, W, C], 0 is black: all of `batches` in one array."""
        channels, height, width = self.description.image_shape
        images = np.empty((len(seeds), height, width, channels), np.uint8)
        done = 0
        for part in self.batches(labels, seeds, batch):
            images[done : done + len(part)] = part
            done += len(part)
        return images

    def _check_labels(self, labels: Sequence[int] | np.ndarray | None, count: int) -> np.ndarray | None:
        """Return `labels` as int64 [count], or None for a model without classes."""
        name, classes = self.description.name, len(self.description.classes)
        if not classes:
            if labels is not None:
                raise InferenceError(f"{name} was trained without labels: it can't be asked for a class")
            return None
        wanted = f"{name} takes one whole number from 0 to {classes - 1} a picture as its label"
        if labels is None:
            raise InferenceError(f"no labels: {wanted}")
        array = np.asarray(labels)
        if array.shape != (count,) or (count and array.dtype.kind not in "iu"):
            found = f"{array.dtype} {list(array.shape)}"
            raise InferenceError(f"labels are {found} for {count} pictures: {wanted}")
        wrong = array[(array < 0) | (array >= classes)]
        if wrong.size:
            raise InferenceError(f"label {wrong[0]}: {wanted}")
        return array.astype(np.int64)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Map float [N, C, H, W] in [-1, 1] to uint8 [N, H, W, C], where -1 is 0 (black) and 1 is 255."""
    return np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
