"""An exported file as an object: arrays by the names of its inputs in, arrays by those of its outputs out."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline import kinds
from pipeline.fields import Field, at_size, is_free
from pipeline.inference.contract.inputs import NOTHING, Given, filled
from pipeline.inference.contract.metadata import read_description
from pipeline.inference.contract.session import cores, open_session
from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared.noise import checked_seeds

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

BATCH = 256
SHARE = 16  # images that a thread takes at a time: measured, larger ones are slower


class Network:
    """One ONNX file, opened and checked.

    On the CPU it computes in up to `threads` threads; None is one for each core. The bytes do not depend on
    them. `description` is what the file says about itself, `device` where it runs ("cpu" or "cuda").
    """

    def __init__(self, path: str | Path, device: str = "auto", threads: int | None = None) -> None:
        self.path = Path(path)
        self._session = open_session(self.path, device)
        try:
            self.description = read_description(self._session)
        except InferenceError as error:
            raise InferenceError(f"{path}: {error}") from None
        except UnicodeDecodeError as error:
            raise InferenceError(f"{path}: a damaged ONNX file (a name in it is not UTF-8)") from error
        self.device = "cuda" if "CUDAExecutionProvider" in self._session.get_providers() else "cpu"
        self._threads = (threads or cores()) if self.device == "cpu" else 1

    def compute(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return every output, [N, ...], for a row of every input.

        They are checked here: the graph itself takes any index.
        """
        self._check_inputs(inputs)
        try:
            outputs = self._computed(dict(inputs))
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise InferenceError(f"the model failed while running: {str(error)[:200]}") from error
        count = len(next(iter(inputs.values())))
        for name, field in self.description.outputs.items():
            shape = _sized(field, inputs).shape
            if outputs[name].shape != (count, *shape) or not np.isfinite(outputs[name]).all():
                what = "pictures" if kinds.visible(field.kind) else name
                raise InferenceError(
                    f"the model gave {what} of another shape, or values that are not numbers"
                )
        return outputs

    def outputs(
        self, seeds: Sequence[int] | np.ndarray, given: Given = NOTHING, batch: int = BATCH
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield every output for a row a seed, at most `batch` at a time, in the order of `seeds`.

        What is not given is drawn. A seed and what is given beside it make the same bytes whatever is asked
        for beside them.
        """
        seeds = checked_seeds(seeds)  # all of them before the first picture
        for start in range(0, len(seeds), batch):
            inputs = filled(self.description, given, seeds[start : start + batch], start)
            count = len(seeds[start : start + batch])
            if self.device == "cuda":
                # cuBLAS and cuDNN choose kernels, and so the rounding, by the batch's size: keep it the same.
                rows = np.resize(np.arange(count), batch)
                inputs = {name: values[rows] for name, values in inputs.items()}
            yield {name: values[:count] for name, values in self.compute(inputs).items()}

    def pictures(
        self, seeds: Sequence[int] | np.ndarray, given: Given = NOTHING, batch: int = BATCH
    ) -> Iterator[np.ndarray]:
        """Yield uint8 [<= batch, H, W, C], 0 is black, one picture a seed: of the first that can be seen."""
        for outputs in self.outputs(seeds, given, batch):
            yield self.pixels(outputs[self.description.picture])

    def pixels(self, images: np.ndarray) -> np.ndarray:
        """Return uint8 [N, H, W, C] of float [N, C, H, W], or of volumes, as the file gives it."""
        field = self.description.outputs[self.description.picture]
        return kinds.find(field.kind).pixels(field, images)

    def stored(self, images: np.ndarray) -> np.ndarray:
        """Return the same as prepared data hold it: uint8 [N, C, H, W], or volumes."""
        field = self.description.outputs[self.description.picture]
        return kinds.find(field.kind).stored(field, images)

    def _check_inputs(self, inputs: Mapping[str, np.ndarray]) -> None:
        fields = self.description.inputs
        for name in (*fields, *inputs):
            if name not in inputs or name not in fields:
                what = "is missing" if name in fields else "is no input"
                raise InferenceError(f"{name} {what}: {self.description.takes()}")
        for name, field in fields.items():
            kinds.find(field.kind).check(name, field, inputs[name])
        if len({len(values) for values in inputs.values()}) > 1:
            rows = ", ".join(f"{name} {len(values)}" for name, values in inputs.items())
            raise InferenceError(f"the inputs have different numbers of rows: {rows}")

    def _computed(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the session makes of `inputs`, share by share where there are threads for it."""
        names, count = list(self.description.outputs), len(next(iter(inputs.values())))
        if self._threads == 1 or count <= SHARE:
            return dict(zip(names, self._session.run(names, inputs), strict=True))
        shares = [
            {name: rows[start : start + SHARE] for name, rows in inputs.items()}
            for start in range(0, count, SHARE)
        ]
        parts = list(self._pool.map(lambda own: self._session.run(names, own), shares))
        return {
            name: np.concatenate(each) for name, each in zip(names, zip(*parts, strict=True), strict=True)
        }

    @cached_property
    def _pool(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor  # late: one picture needs none

        return ThreadPoolExecutor(self._threads)


def _sized(field: Field, inputs: Mapping[str, np.ndarray]) -> Field:
    """An output's field where its free sides hang on those of what is given."""
    return at_size(field, *next(iter(inputs.values())).shape[2:]) if is_free(field) else field
