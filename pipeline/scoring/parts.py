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
from pipeline.kinds import drawable
from pipeline.kinds.image import to_uint8
from pipeline.scoring.candidates import Images, real, sample_seeds
from pipeline.scoring.translations import Floats, computed, in_batches, made, pictures

Integers = NDArray[np.int64]
PAIRS = 2000  # that are looked at


class Posterior(NamedTuple):
    """What an encoder says of test images, q(z|x) = N(mean, exp(log_variance)), and the way back."""

    images: Images
    mean: Floats  # [N, z_dim]; the code itself where no variance goes with it, or a draw from q
    log_variance: Floats | None  # [N, z_dim]
    decode: Callable[[Floats], Floats]  # z of the first images, [n, z_dim] -> [n, C, H, W] in [-1, 1]
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
    labelled = evidence["test"].labels is not None
    for path in sorted(file.with_suffix(".parts").glob("*.onnx")):
        part = Network(path)
        about = part.description
        takes = [field.about.get("of") for field in about.inputs.values() if not drawable(field.kind)]
        if "sources" in evidence and about.picture and takes == [made(generator)]:
            found["cycle"] = _there_and_back(generator, part, evidence["sources"])
        elif takes == ["images"]:
            found |= _encoded(generator, part, evidence["test"], evidence["seed"])
            for name, field in about.outputs.items():
                of = field.about.get("of") if labelled and field.kind == "probabilities" else None
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


def _encoded(generator: Network, encoder: Network, images: Images, seed: int) -> dict[str, Any]:
    """The posterior and the way back, where the encoder gives all that the generator takes."""
    outputs = encoder.description.outputs
    given = {field.about.get("of"): name for name, field in outputs.items()}
    inputs = generator.description.inputs
    if "z" not in inputs or not inputs.keys() <= given.keys():
        return {}
    said = computed(encoder, images, seed)
    beside = {
        name: said[given[name]].argmax(1) if field.kind == "category" else said[given[name]]
        for name, field in inputs.items()
        if name != "z"
    }
    decode = partial(_decoded, generator, beside)
    likelihood = outputs[given["z"]].about.get("likelihood")
    z = said[given["z"]]
    back = Images(generator.stored(decode(z)), images.labels)
    posterior = Posterior(images, z, said.get("log_variance"), decode, likelihood)
    return {"posterior": posterior, "returned": back}


def _decoded(generator: Network, beside: Mapping[str, NDArray[Any]], z: Floats) -> Floats:
    return in_batches(generator, {"z": z} | {name: rows[: len(z)] for name, rows in beside.items()})["image"]


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
    (name,) = back.description.inputs
    return replace(sources, images=pictures(back, in_batches(back, {name: translated})))
