"""The same latents, drawn again and again: how the generator comes along."""

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.params import Params
from pipeline.pixels import to_uint8
from pipeline.streams import draw_latent, stream

ROWS = 10  # latents of a conditional grid, one a row
COLUMNS = 10  # classes at most, one a column
UNCONDITIONAL = 64


class FixedNoise:
    """A grid: one latent a row and one class a column, or 64 latents where there are no classes."""

    def __init__(self, params: Params, classes: int, device: torch.device) -> None:
        model = params.model
        self.conditional = model.conditional
        self.columns = min(classes, COLUMNS) if self.conditional else 8
        rows = ROWS if self.conditional else UNCONDITIONAL
        noise = stream(params.seed, "fixed noise")
        z = draw_latent(model.latent, rows, model.z_dim, noise).to(device)
        self.z = z.repeat_interleave(self.columns, 0) if self.conditional else z
        self.labels = torch.arange(len(self.z), device=device) % self.columns

    @torch.no_grad()
    def draw(self, generator: nn.Module) -> Tensor:
        """uint8 [N, C, H, W] from the generator in evaluation mode, which it is not left in."""
        was_training = generator.training
        generator.eval()
        images = to_uint8(generator(self.z, self.labels)).cpu()
        generator.train(was_training)
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
