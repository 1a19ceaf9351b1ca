"""The same latents, or the same images, again and again: how the generator comes along."""

import numpy as np
import torch
from torch import Tensor, nn

from pipeline import plots
from pipeline.data.prepared import Prepared
from pipeline.fields import Field, Fields, class_count
from pipeline.pixels import to_float, to_uint8
from pipeline.streams import draw, stream

ROWS = 10  # latents of a conditional grid, one a row
COLUMNS = 10  # classes at most, one a column
UNCONDITIONAL = 64
ROWS_OF_DATA = ("text", "box")  # kinds that the first training rows give
_CHOSEN = ("label", "category")  # kinds of which the columns are


class FixedInputs:
    """A grid: one latent a row and one class or category a column, or 64 latents or images without such."""

    def __init__(self, inputs: Fields, data: Prepared, seed: int, device: torch.device) -> None:
        """`inputs` are those of the network that draws."""
        chosen = [_count(field) for field in inputs.values() if field.kind in _CHOSEN]
        self.conditional = bool(chosen)
        self.columns = min(*chosen, COLUMNS) if chosen else 8
        self._rows = ROWS if chosen else UNCONDITIONAL
        count = self._rows * self.columns if chosen else self._rows
        self.labels = torch.arange(count, device=device) % self.columns
        self._images: Tensor | None = None  # that go in, uint8
        noise = stream(seed, "fixed noise")
        self._inputs = [self._filled(field, data, noise).to(device) for field in inputs.values()]

    def _filled(self, field: Field, data: Prepared, noise: torch.Generator) -> Tensor:
        if field.kind in _CHOSEN:
            return self.labels
        if field.kind == "image":
            self._images = first_rows(data, field, len(self.labels))
            return to_float(self._images)
        if field.kind in ROWS_OF_DATA:
            return first_rows(data, field, len(self.labels))
        values = draw(field, self._rows, noise)
        return values.repeat_interleave(self.columns, 0) if self.conditional else values

    @torch.no_grad()
    def draw(self, network: nn.Module) -> Tensor:
        """uint8 [N, C, H, W] from the network in evaluation mode, which it is not left in."""
        was_training = {module: module.training for module in network.modules()}
        network.eval()
        images = to_uint8(image_of(network(*self._inputs))).cpu()
        for module, training in was_training.items():
            module.training = training
        return images

    def shown(self, network: nn.Module) -> np.ndarray:
        """The same for people, uint8 [M, C, H, W]: where images go in, a row of them above each row drawn."""
        drawn = self.draw(network)
        if self._images is None:
            return drawn.numpy()
        pairs = zip(self._images.split(self.columns), drawn.split(self.columns), strict=True)
        return plots.interleaved([row.numpy() for pair in pairs for row in pair])

    def spread(self, images: Tensor) -> float:
        """How much the samples of a class differ: mean over pixels and classes of their deviation, 0..255."""
        return spread(images.numpy(), (self.labels if self.conditional else self.labels * 0).cpu().numpy())


def first_rows(data: Prepared, field: Field, count: int) -> Tensor:
    """The first training rows of what a field stands for, [count, ...]; over again where they are few."""
    name = field.about["of"]
    rows = np.resize(data.beginning_with(name).rows("train"), count)
    return torch.from_numpy(data.file("train", name)[rows])


def image_of(outputs: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The first of what a network gives."""
    return outputs[0] if isinstance(outputs, tuple) else outputs


def spread(images: np.ndarray, labels: np.ndarray) -> float:
    """Mean over classes and pixels of the standard deviation within a class; images uint8 [N, C, H, W]."""
    deviations = [
        images[labels == label].astype(np.float32).std(axis=0).mean() for label in np.unique(labels)
    ]
    return float(np.mean(deviations))


def _count(field: Field) -> int:
    """How many values a label or a category takes."""
    return class_count(field) if field.kind == "label" else field.about["count"]
