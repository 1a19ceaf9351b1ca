"""Searches for the latents of some pictures at once, each from several starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from pipeline.inference.contract.descent import descend
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.inputs import noise_width
from pipeline.inference.contract.network import Network
from pipeline.inference.contract.walks import DEVIATION, REACH
from pipeline.kinds.shared import noise

RATES = (0.2, 0.005)  # of Adam at its first and its last step, in deviations of the latent
NEAR = (0.2, 0.05)  # the same from a latent that is near already: few steps do, so the rate stays high
PRIOR = 0.003  # weight of it where a hole is filled (Yeh et al. 2017, section 3.3)
KEPT = 2  # labels that go on after a trial: the best one may only have had the better starts
# Of all starts of a picture the best few go on, fewer and fewer: before a step, so many. Where a start is
# after a few steps says much about its end: of 10 each on 64 samples of the flagship, those that began
# nearest came to an error of 1e-3 in 89 %, those that began farthest in 48 %; after 300 steps all of the
# nearest did.
SIEVES = {1: 12, 51: 4, 151: 2, 301: 1}


@dataclass(frozen=True)
class Search:
    """What is searched, and how."""

    network: Network  # NAME.parts/search.onnx
    about: Description  # of the generator
    targets: np.ndarray  # float32 [n, C, H, W]
    masks: np.ndarray  # float32 [n, 1, H, W]
    near: bool  # whether the starts are
    told: Callable[[], None]  # called after each step
    filling: bool = False  # by absolute differences and a prior on the latent; else by squared ones alone

    def best(
        self, starts: np.ndarray, labels: np.ndarray | None, steps: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return z [n, z_dim], its error [n] and its label [n], by the best end.

        From the starts [n, S, z_dim], under each of the labels [n, L], or without labels.
        """
        options, each = (1 if labels is None else labels.shape[1]), starts.shape[1]
        rows = None if labels is None else labels.repeat(each, 1)
        z, error = self._descended(np.tile(starts, (1, options, 1)), rows, steps, SIEVES)
        chosen = np.arange(len(z)), error.argmin(1)
        return z[chosen], error[chosen], None if rows is None else rows[chosen]

    def likeliest(self, starts: np.ndarray, steps: int) -> np.ndarray:
        """Return the labels [n, KEPT] under which some steps from the starts [n, S, z_dim] come nearest."""
        (_, count), each = self.about.column, starts.shape[1]
        labels = np.tile(np.arange(count).repeat(each), (len(starts), 1))
        _, error = self._descended(np.tile(starts, (1, count, 1)), labels, steps, {})
        return error.reshape(-1, count, each).min(2).argsort(1, kind="stable")[:, :KEPT]

    def _descended(
        self, starts: np.ndarray, labels: np.ndarray | None, steps: int, sieves: Mapping[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Each start's end [n, S, z_dim] and its error [n, S], under labels [n, S].

        Before a step that has one of `sieves`, that says how many starts of each picture go on.
        """
        count, each, _ = starts.shape
        fixed = beside_z(self.about, None if labels is None else labels.reshape(-1), count * each)
        fixed |= {"target": self.targets.repeat(each, 0), "mask": self.masks.repeat(each, 0)}
        fixed["absolute"] = np.full(count * each, self.filling, np.float32)
        # what the graph divides by: Yeh et al. weigh the prior against a sum
        summed = (fixed["mask"].sum((1, 2, 3)) * self.targets.shape[1]).clip(1)

        def slope(z: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            given = {name: values[rows] for name, values in fixed.items()}
            outputs = self.network.compute({self.about.noise: z} | given)
            loss, gradient = outputs["loss"], outputs["gradient"]
            if not self.filling:
                return loss, gradient
            unlikely, along = improbability(z, self.about.latent)
            by = summed[rows]
            return by * loss + PRIOR * unlikely, by[:, None] * gradient + PRIOR * along

        def best_rows(kept: int, least: np.ndarray) -> np.ndarray:
            best = least.reshape(count, each).argsort(1, kind="stable")[:, :kept]
            return (best + each * np.arange(count)[:, None]).reshape(-1)

        first, last = (rate * DEVIATION[self.about.latent] for rate in (NEAR if self.near else RATES))
        bounds = REACH["uniform"] if self.about.latent == "uniform" else None
        rows = starts.reshape(count * each, -1)
        sifted = {step: partial(best_rows, kept) for step, kept in sieves.items()}
        z, error = descend(slope, rows, steps, (first, last), bounds, self.told, sifted)
        return z.reshape(starts.shape), error.reshape(count, each)


def drawn(about: Description, starts: int, seed: int) -> np.ndarray:
    """Return the starts of every picture, float32 [1, starts, z_dim], of noise that no picture is made of."""
    z = noise.latent([seed], starts * about.z_dim, about.latent, noise_width(about))
    return z.reshape(1, starts, -1)


def improbability(z: np.ndarray, distribution: str) -> tuple[np.ndarray, np.ndarray]:
    """Return -log p(z) [N] of z [N, z_dim], less a constant, and its gradient; 0 of a uniform latent."""
    if distribution == "uniform":
        return np.zeros(len(z), np.float32), np.zeros_like(z)
    return (z * z).sum(1) / 2, z


def beside_z(about: Description, labels: np.ndarray | None, count: int) -> dict[str, np.ndarray]:
    """Return what a generator is fed beside z: a label or category each, and codes at their middle."""
    found = {} if labels is None else {about.column[0]: labels}
    for name in about.inputs_of("code"):
        field = about.inputs[name]
        middle = (field.about["low"] + field.about["high"]) / 2
        found[name] = np.full((count, *field.shape), middle, np.float32)
    return found
