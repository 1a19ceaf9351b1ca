"""The same latents, drawn again and again: how the generator comes along."""

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.fields import Field, Fields, class_count
from pipeline.pixels import to_uint8
from pipeline.streams import draw, stream

ROWS = 10  # latents of a conditional grid, one a row
COLUMNS = 10  # classes at most, one a column
UNCONDITIONAL = 64
_CHOSEN = ("label", "category")  # kinds of which the columns are


class FixedNoise:
    """A grid: one latent a row and one class or category a column, or 64 latents where there are none."""

    def __init__(self, inputs: Fields, seed: int, device: torch.device) -> None:
        """`inputs` are those of what is drawn."""
        chosen = [_count(field) for field in inputs.values() if field.kind in _CHOSEN]
        self.conditional = bool(chosen)
        self.columns = min(*chosen, COLUMNS) if chosen else 8
        rows = ROWS if chosen else UNCONDITIONAL
        self.labels = torch.arange(rows * self.columns if chosen else rows, device=device) % self.columns
        noise = stream(seed, "fixed noise")
        self._inputs = [
            self.labels if field.kind in _CHOSEN else self._drawn(field, rows, noise).to(device)
            for field in inputs.values()
        ]

    def _drawn(self, field: Field, rows: int, noise: torch.Generator) -> Tensor:
        values = draw(field, rows, noise)
        return values.repeat_interleave(self.columns, 0) if self.conditional else values

    @torch.no_grad()
    def draw(self, network: nn.Module) -> Tensor:
        """uint8 [N, C, H, W] from the network in evaluation mode, which it is not left in."""
        was_training = {module: module.training for module in network.modules()}
        network.eval()
        images = to_uint8(network(*self._inputs)).cpu()
        for module, training in was_training.items():
            module.training = training
        return images

    def spread(self, images: Tensor) -> float:
        """How much the samples of a class differ: mean over pixels and classes of their deviation, 0..255."""
        return spread(images.numpy(), (self.labels if self.conditional else self.labels * 0).cpu().numpy())


def spread(images: np.ndarray, labels: np.ndarray) -> float:
    """Mean over classes and pixels of the standard deviation within a class; images uint8 [N, C, H, W]."""
    deviations = [
        images[labels == label].astype(np.float32).std(axis=0).mean() for label in np.unique(labels)
    ]
    return float(np.mean(deviations))


def _count(field: Field) -> int:
    """How many values a label or a category takes."""
    return class_count(field) if field.kind == "label" else field.about["count"]
