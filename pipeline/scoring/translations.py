"""Which fields of the data a network leads from and to, and samples that are made of images."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.data.images import scaled
from pipeline.inference import Network
from pipeline.inference.contract.inputs import Given
from pipeline.kinds.image import from_pixels
from pipeline.scoring.candidates import Candidate, Images, alike, sample_seeds, shuffled_rows
from pipeline.scoring.neighbours import nearest_rows

Floats = NDArray[np.float32]


class Translated(NamedTuple):
    """Images of pairs that the generator did not learn from, row by row."""

    source: Images  # what went in
    made: Candidate  # what came out
    truth: Images  # what should have come out
    untouched: Images  # what doing nothing gives; of volumes that of the nearest picture learnt from

    def held_against_truth(
        self, measure: Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float64]]
    ) -> tuple[NDArray[np.float64], float]:
        """What a measure of two images says of each that came out, [N], and of doing nothing, the mean."""
        truth = self.truth.images
        return measure(self.made.images, truth), float(measure(self.untouched.images, truth).mean())


def made(generator: Network) -> str:
    """The field of the data that its images are to be like."""
    return generator.description.outputs[generator.description.picture].about.get("of", "images")


def source(generator: Network) -> str:
    """The field of the data that goes in."""
    name, *_ = generator.description.inputs_of("image")
    return generator.description.inputs[name].about["of"]


def chosen(pool: Images, wanted: Images, seed: int) -> NDArray[np.int64]:
    """Rows of as many images of `pool` as `wanted` has, or fewer where they are few, in its class shares."""
    if pool.labels is None or wanted.labels is None:
        return shuffled_rows(len(pool), len(wanted), seed)
    return alike(pool.labels, np.bincount(wanted.labels), len(wanted), seed)


def untouched(source: Images, training: Images) -> Images:
    """The images themselves where they can stand in an output's place: at its size, in colour if it is.

    Else the mean of the training images, which are outputs.
    """
    given, shape = source.images.shape[1], training.images.shape[1:]
    if given in (1, shape[0]):
        plain = scaled(torch.from_numpy(source.images), shape[1]).numpy()
    else:
        plain = np.rint(training.images.mean(0, dtype=np.float64)).astype(np.uint8)
    return replace(source, images=np.ascontiguousarray(np.broadcast_to(plain, (len(source), *shape))))


def nearest(source: Images, learnt: NDArray[np.uint8], training: Images) -> Images:
    """Of each image the training image whose source, of `learnt` [T, C, H, W], is nearest to it by pixels."""
    rows = nearest_rows(learnt, source.images, 1)[:, 0]
    return replace(source, images=training.images[rows])


def translated(generator: Network, images: Images) -> Images:
    """What the generator makes of images, uint8, under their labels."""
    return replace(images, images=pictures(generator, computed(generator, images)))


def computed(network: Network, images: Images, seed: int = 0) -> dict[str, Floats]:
    """Every output [N, ...] of a network for images; noise that it takes beside them is drawn."""
    (name,) = network.description.inputs_of("image")
    field, pixels = network.description.inputs[name], images.images.transpose(0, 2, 3, 1)
    return in_batches(network, {name: from_pixels(field, pixels)}, seed)


def pictures(network: Network, outputs: Mapping[str, Floats]) -> NDArray[np.uint8]:
    """The images among what a network gave, uint8 [N, C, H, W], or the volumes."""
    return network.stored(outputs[network.description.picture])


def in_batches(network: Network, given: Mapping[str, NDArray[Any]], seed: int = 0) -> dict[str, Floats]:
    """Every output [N, ...] for rows [N, ...] of some inputs; the others are drawn."""
    seeds = sample_seeds(seed, len(next(iter(given.values()))))
    found = list(network.outputs(seeds, Given(given)))
    return {output: np.concatenate([part[output] for part in found]) for output in found[0]}
