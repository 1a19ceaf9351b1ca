"""Evidence of the networks that ship beside a generator, told by what their files take and give."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.data.prepared import Prepared
from pipeline.datasets import paired
from pipeline.inference import Network
from pipeline.kinds.image import to_uint8
from pipeline.scoring.candidates import Images, real, sample_seeds
from pipeline.scoring.translations import Floats, computed, in_batches, made

Integers = NDArray[np.int64]
PAIRS = 2000  # that are looked at


class Posterior(NamedTuple):
    """What an encoder says of test images, q(z|x) = N(mean, exp(log_variance)), and the way back."""

    images: Images
    mean: Floats  # [N, z_dim]
    log_variance: Floats  # [N, z_dim]
    decode: Callable[[Floats], Floats]  # z [N, z_dim] -> images in [-1, 1], [N, C, H, W]
    likelihood: str | None  # of pixels under the decoder, where it has one


class Pairs(NamedTuple):
    """The two images that a generator makes of one z, and what the second should be by the first."""

    image: NDArray[np.uint8]  # [N, C, H, W]
    other: NDArray[np.uint8]
    expected: NDArray[np.uint8]


class Categories(NamedTuple):
    """Which category each real image is given by a network that never saw a label."""

    choosing: Integers  # of the images by which categories and classes are matched, [M]
    choosing_labels: Integers
    test: Integers  # [N]
    test_labels: Integers
    count: int  # of categories


def beside(generator: Network, file: Path, prepared: Prepared, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """What the parts of the exported `file` say, as more evidence; nothing where there is none of these.

    What has to be chosen for a part's figures is chosen on the part of the data that the floor is of.
    """
    found: dict[str, Any] = {}
    images = [name for name, field in generator.description.outputs.items() if field.kind == "image"]
    change = paired(prepared.dataset)
    if len(images) == 2 and change is not None:
        found["pairs"] = _pairs(generator, images, change, evidence["seed"])
    for path in sorted(file.with_suffix(".parts").glob("*.onnx")):
        part = Network(path)
        about = part.description
        takes = [field.about.get("of") for field in about.inputs.values()]
        codes = [name for name, field in about.outputs.items() if field.about.get("of") == "z"]
        if takes == ["images"] and codes and list(generator.description.inputs) == ["z"]:
            found["returned"] = _returned(generator, part, codes[0], evidence["test"])
        if "sources" in evidence and about.picture and takes == [made(generator)]:
            found["cycle"] = _there_and_back(generator, part, evidence["sources"])
        elif takes == ["images"] and list(about.outputs) == ["mean", "log_variance"]:
            found["posterior"] = _posterior(generator, part, evidence["test"])
        elif takes == ["images"] and evidence["test"].labels is not None:
            for name, field in about.outputs.items():
                of = field.about.get("of") if field.kind == "probabilities" else None
                if of == "category":
                    found["categories"] = _categories(part, name, prepared, evidence)
                elif of == "labels":
                    found["classified"] = computed(part, evidence["test"])[name].argmax(1)
    return found


def _pairs(
    generator: Network,
    names: list[str],
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    seed: int,
) -> Pairs:
    drawn = list(generator.outputs(sample_seeds(seed, PAIRS)))
    image, other = (
        to_uint8(np.concatenate([part[name] for part in drawn])).transpose(0, 3, 1, 2) for name in names
    )
    return Pairs(image, other, change(np.ascontiguousarray(image)))


def _posterior(generator: Network, encoder: Network, images: Images) -> Posterior:
    said = computed(encoder, images)
    likelihood = encoder.description.outputs["mean"].about.get("likelihood")
    return Posterior(images, said["mean"], said["log_variance"], partial(_decoded, generator), likelihood)


def _returned(generator: Network, encoder: Network, code: str, images: Images) -> Images:
    made = _decoded(generator, computed(encoder, images)[code])
    return Images(generator.pixels(made).transpose(0, 3, 1, 2), images.labels)


def _decoded(generator: Network, z: Floats) -> Floats:
    return in_batches(generator, z)["image"]


def _categories(
    recogniser: Network, output: str, prepared: Prepared, evidence: Mapping[str, Any]
) -> Categories:
    part, test = evidence["floor_part"], evidence["test"]
    choosing = real(prepared, part, np.arange(prepared.counts[part]["total"]))
    chosen, tested = (computed(recogniser, images)[output].argmax(1) for images in (choosing, test))
    count = recogniser.description.outputs[output].shape[0]
    return Categories(chosen, choosing.labels, tested, test.labels, count)


def _there_and_back(there: Network, back: Network, sources: Images) -> Images:
    translated = computed(there, sources)[there.description.picture]
    returned = back.pixels(in_batches(back, translated)[back.description.picture])
    return replace(sources, images=returned.transpose(0, 3, 1, 2))
