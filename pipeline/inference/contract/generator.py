"""A generator as an object: seeds and labels in, pictures out."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline import kinds
from pipeline.inference.contract.inputs import Given, filled
from pipeline.inference.contract.network import BATCH, Network
from pipeline.inference.errors import InferenceError


class Generator(Network):
    """A file that makes an image of a latent (and of a label, where it has classes).

    Categories and codes, which it may take beside them, are drawn from the seed.
    """

    def __init__(self, path: str | Path, device: str = "auto", threads: int | None = None) -> None:
        super().__init__(path, device, threads)
        about = self.description
        other = [
            name
            for name, field in about.inputs.items()
            if name != about.label_input and not kinds.drawable(field.kind)
        ]
        if about.noise is None or about.picture is None or other:
            raise InferenceError(
                f"{path}: {about.takes()} and {about.gives()}; "
                "this needs a latent in, an image out, and beside them a label, categories or codes at most"
            )

    def run(
        self,
        z: np.ndarray,
        labels: Sequence[int] | np.ndarray | None = None,
        others: Mapping[str, np.ndarray] | None = None,
    ) -> np.ndarray:
        """Return float32 [N, C, H, W] in the range of the file for z: float32 [N, z_dim] and a label a row.

        `labels` is None for an unconditional model. They are checked here: the graph itself takes any index.
        `others` is what `self.others` returns, one row for all or one for each.
        """
        about = self.description
        if z.dtype != np.float32 or z.ndim != 2 or z.shape[1] != about.z_dim:
            raise InferenceError(f"z is {z.dtype} {list(z.shape)}; say float32 [N, {about.z_dim}]")
        inputs = {about.noise: z}
        checked = self._check_labels(labels, len(z))
        if checked is not None:
            inputs[about.label_input] = checked
        for name, rows in (others or {}).items():
            inputs[name] = np.repeat(rows, len(z), axis=0) if len(rows) == 1 else rows
        return self.compute(inputs)[about.picture]

    def others(self, seeds: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
        """Return the inputs beside the latent and the label, drawn from the seeds: none in format 1."""
        about = self.description
        labels = {} if about.label_input is None else {about.label_input: np.zeros(1, np.int64)}
        inputs = filled(about, Given(labels), seeds)
        return {name: rows for name, rows in inputs.items() if name not in (about.noise, about.label_input)}

    def batches(
        self, labels: Sequence[int] | np.ndarray | None, seeds: Sequence[int] | np.ndarray, batch: int = BATCH
    ) -> Iterator[np.ndarray]:
        """Yield uint8 [<= batch, H, W, C], 0 is black, one picture a seed, in the order of `seeds`.

        A seed and its label give the same bytes whatever is asked for beside them.
        """
        checked = self._check_labels(labels, len(seeds))
        given = {} if checked is None else {self.description.label_input: checked}
        yield from self.pictures(seeds, Given(given), batch)

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
