"""Images through an encoder that ships and back: image -> latent -> image."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.contract.network import BATCH, Network
from pipeline.scoring.candidates import Images

Floats = NDArray[np.float32]


class Posterior(NamedTuple):
    """What an encoder says of test images, q(z|x) = N(mean, exp(log_variance)), and the way back."""

    images: Images
    mean: Floats  # [N, z_dim]
    log_variance: Floats  # [N, z_dim]
    decode: Callable[[Floats], Floats]  # z [N, z_dim] -> images in [-1, 1], [N, C, H, W]
    likelihood: str | None  # of pixels under the decoder, where it has one


def posterior(generator: Network, file: Path, images: Images) -> dict[str, Posterior]:
    """What the encoder in the parts of the exported `file` says of `images`, as evidence; {} without one."""
    for path in sorted(file.with_suffix(".parts").glob("*.onnx")):
        encoder = Network(path)
        inputs, outputs = encoder.description.inputs, encoder.description.outputs
        of_images = [name for name, field in inputs.items() if field.about.get("of") == "images"]
        if list(inputs) == of_images and list(outputs) == ["mean", "log_variance"]:
            shown = images.images.astype(np.float32) / 127.5 - 1
            said = _in_batches(encoder, of_images[0], shown)
            found = Posterior(
                images,
                said["mean"],
                said["log_variance"],
                partial(_decoded, generator),
                outputs["mean"].about.get("likelihood"),
            )
            return {"posterior": found}
    return {}


def _decoded(generator: Network, z: Floats) -> Floats:
    return _in_batches(generator, "z", z)["image"]


def _in_batches(network: Network, name: str, rows: Floats) -> dict[str, Floats]:
    found = [network.compute({name: rows[at : at + BATCH]}) for at in range(0, len(rows), BATCH)]
    return {output: np.concatenate([part[output] for part in found]) for output in found[0]}
