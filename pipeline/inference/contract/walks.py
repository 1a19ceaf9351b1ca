"""Walks through the latent space: from one seed to another, or along one dimension."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.inference.contract.generator import Generator
from pipeline.inference.contract.inputs import columns
from pipeline.inference.contract.network import Network
from pipeline.inference.contract.parts import beside
from pipeline.inference.errors import InferenceError
from pipeline.kinds.shared.noise import latent

Others = Mapping[str, np.ndarray]  # the inputs beside latent and label, one row for all

MIXTURE = "mixture"  # the part that takes weights of the classes in place of a label
CANDIDATES = 256  # latents tried for the place where two classes look alike
DEVIATION = {"normal": 1.0, "uniform": 12**-0.5}  # of each number of a latent
REACH = {"normal": (-3.0, 3.0), "uniform": (0.0, np.nextafter(np.float32(1), np.float32(0)))}


def slerp(first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Return float32 [steps, z_dim], the arc from `first` to `last` [z_dim], both ends included.

    sin((1 - t) w) / sin(w) first + sin(t w) / sin(w) last, where w is the angle between them (Shoemake,
    Animating Rotation with Quaternion Curves, 1985, section 3.3): unlike a straight line it keeps the length
    that samples of a normal distribution have (White, Sampling Generative Networks, 2016, section 2.1).
    """
    t = np.linspace(0, 1, steps)[:, None]
    first, last = first.astype(np.float64), last.astype(np.float64)
    lengths = np.linalg.norm(first) * np.linalg.norm(last)
    cosine = first @ last / lengths if lengths else 1.0
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-6:  # no one arc between them
        return lerp(first, last, steps)
    weights = np.sin((1 - t) * angle), np.sin(t * angle)
    return ((weights[0] * first + weights[1] * last) / np.sin(angle)).astype(np.float32)


def lerp(first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Return float32 [steps, z_dim], the straight line from `first` to `last` [z_dim], both ends included."""
    t = np.linspace(0, 1, steps)[:, None]
    return ((1 - t) * first + t * last).astype(np.float32)


def latents(generator: Generator, seeds: Sequence[int]) -> np.ndarray:
    """Return float32 [N, z_dim], the latent of each seed, as drawn for a picture of it."""
    about = generator.description
    return latent(seeds, about.z_dim, about.latent, columns(about)[about.noise])


def interpolate(
    generator: Generator, seeds: tuple[int, int], labels: tuple[int | None, int | None], steps: int
) -> np.ndarray:
    """Return uint8 [steps, H, W, C] from the first seed and label to the last.

    Categories and codes, where it takes some, stay those of the first seed.
    A label is a whole number, with nothing between 3 and 8: from one class to another the way is through
    mixtures, if NAME.parts/mixture.onnx lies beside the file. Else it goes, in the first class, to the latent
    (of CANDIDATES) where the two look most alike, changes class there, and goes on.
    """
    first, last = latents(generator, seeds)
    others = generator.others(seeds[:1])
    if labels[0] == labels[1]:
        return _pictures(generator, _path(generator, first, last, steps), labels[0], others)
    with beside(generator, MIXTURE) as mixture:
        if mixture is not None:
            path = _path(generator, first, last, steps)
            return _mixed(generator, mixture, path, labels)
    alike = _where_alike(generator, *labels, others)
    there = _pictures(generator, _path(generator, first, alike, steps - steps // 2), labels[0], others)
    back = _pictures(generator, _path(generator, last, alike, steps // 2), labels[1], others)
    return np.concatenate([there, back[::-1]])


def sweep(generator: Generator, seed: int, dimension: int, label: int | None, steps: int) -> np.ndarray:
    """Return uint8 [steps, H, W, C]: the latent of `seed`, with one dimension from end to end."""
    description = generator.description
    if not 0 <= dimension < description.z_dim:
        raise InferenceError(f"--dimension {dimension}: {description.name} has 0 to {description.z_dim - 1}")
    (z,) = latents(generator, (seed,))
    path = np.repeat(z[None], steps, axis=0)
    path[:, dimension] = np.linspace(*REACH[description.latent], steps)
    return _pictures(generator, path, label, generator.others((seed,)))


def along(
    generator: Generator,
    z: np.ndarray,
    step: np.ndarray,
    amounts: np.ndarray,
    label: int | None,
    others: Others,
) -> np.ndarray:
    """Return uint8 [T, H, W, C]: z [z_dim] moved by each of T amounts of a step [z_dim].

    A uniform latent stays in its range: beyond it the generator was never trained.
    """
    path = z + amounts[:, None] * step
    distribution = generator.description.latent
    if distribution == "uniform":
        path = np.clip(path, *REACH[distribution])
    return _pictures(generator, path.astype(np.float32), label, others)


def _path(generator: Generator, first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """An arc through normal latents, a line through uniform ones: each stays among what was trained on."""
    return (slerp if generator.description.latent == "normal" else lerp)(first, last, steps)


def _mixed(
    generator: Generator, mixture: Network, path: np.ndarray, labels: tuple[int | None, int | None]
) -> np.ndarray:
    """Pictures along z [steps, z_dim], each of a little less of the first class and more of the second."""
    about = mixture.description
    (weights,) = (name for name, field in about.inputs.items() if field.kind == "probabilities")
    ends = np.eye(*about.inputs[weights].shape, dtype=np.float32)[list(labels)]
    mixed = mixture.compute({about.noise: path, weights: lerp(*ends, len(path))})
    return generator.pixels(mixed[about.picture])


def _where_alike(generator: Generator, first: int, second: int, others: Others) -> np.ndarray:
    """Return the latent, of seeds 0 to CANDIDATES - 1, whose two pictures differ least in their squares."""
    best, smallest = None, np.inf
    for seed in range(0, CANDIDATES, 64):
        z = latents(generator, tuple(range(seed, seed + 64)))
        pair = [generator.run(z, np.full(len(z), label), others) for label in (first, second)]
        differences = np.square(pair[0] - pair[1]).mean((1, 2, 3))
        if differences.min() < smallest:
            best, smallest = z[differences.argmin()], differences.min()
    return best


def _pictures(generator: Generator, z: np.ndarray, label: int | None, others: Others) -> np.ndarray:
    return generator.pixels(generator.run(z, None if label is None else np.full(len(z), label), others))
