"""Evidence of the networks that ship beside a generator, told by what their files take and give."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.data.prepared import Part, Prepared
from pipeline.inference.contract.network import BATCH, Network
from pipeline.scoring.candidates import Images, real

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


class Posterior(NamedTuple):
    """What an encoder says of test images, q(z|x) = N(mean, exp(log_variance)), and the way back."""

    images: Images
    mean: Floats  # [N, z_dim]
    log_variance: Floats  # [N, z_dim]
    decode: Callable[[Floats], Floats]  # z [N, z_dim] -> images in [-1, 1], [N, C, H, W]
    likelihood: str | None  # of pixels under the decoder, where it has one


class Categories(NamedTuple):
    """Which category each real image is given by a network that never saw a label."""

    choosing: Integers  # of the images by which categories and classes are matched, [M]
    choosing_labels: Integers
    test: Integers  # [N]
    test_labels: Integers
    count: int  # of categories


def beside(
    generator: Network, file: Path, test: Images, prepared: Prepared, choosing: Part
) -> dict[str, Any]:
    """What the parts of the exported `file` say, as evidence; nothing where there are none of these kinds.

    What has to be chosen for a part's figures is chosen on the real images `choosing`, not on `test`.
    """
    found: dict[str, Any] = {}
    for path in sorted(file.with_suffix(".parts").glob("*.onnx")):
        part = Network(path)
        inputs, outputs = part.description.inputs, part.description.outputs
        if [field.about.get("of") for field in inputs.values()] != ["images"]:
            continue
        if list(outputs) == ["mean", "log_variance"]:
            found["posterior"] = _posterior(generator, part, test)
        for name, field in outputs.items():
            guesses = field.kind == "probabilities" and field.about.get("of") == "category"
            if guesses and test.labels is not None:
                rows = np.arange(prepared.counts[choosing]["total"])
                found["categories"] = _categories(part, name, real(prepared, choosing, rows), test)
    return found


def _posterior(generator: Network, encoder: Network, images: Images) -> Posterior:
    said = computed(encoder, images)
    likelihood = encoder.description.outputs["mean"].about.get("likelihood")
    return Posterior(images, said["mean"], said["log_variance"], partial(_decoded, generator), likelihood)


def _categories(recogniser: Network, output: str, choosing: Images, test: Images) -> Categories:
    chosen, tested = (computed(recogniser, images)[output].argmax(1) for images in (choosing, test))
    count = recogniser.description.outputs[output].shape[0]
    return Categories(chosen, choosing.labels, tested, test.labels, count)


def computed(network: Network, images: Images) -> dict[str, Floats]:
    """Every output [N, ...] of a network for which images are all that it takes."""
    (name,) = network.description.inputs
    return _in_batches(network, name, images.images.astype(np.float32) / 127.5 - 1)


def _decoded(generator: Network, z: Floats) -> Floats:
    return _in_batches(generator, "z", z)["image"]


def _in_batches(network: Network, name: str, rows: Floats) -> Mapping[str, Floats]:
    found = [network.compute({name: rows[at : at + BATCH]}) for at in range(0, len(rows), BATCH)]
    return {output: np.concatenate([part[output] for part in found]) for output in found[0]}
