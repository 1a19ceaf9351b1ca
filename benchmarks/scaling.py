"""How far training can spread: bytes sent a step against operations, counted; efficiency to 8 GPUs, computed.

    python -m benchmarks.scaling [PRESET ...]

Prints two Markdown tables. Parameters and operations are those of real steps of the presets; what a GPU and
the links between them do is assumed below, and nothing here is measured.
"""

import sys
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from benchmarks.loops import loop_of, preset, step_flops
from pipeline.params import Params
from pipeline.training.state import TrainingState

PRESETS = ("cdcgan", "cdcgan-classic", "dcgan-celeba", "relativistic-mnist")
RATE = 100e12  # operations a second that a GPU keeps up: a tenth of an H200's 989 TFLOP/s in dense bf16
LINKS = {  # bytes a second each way that a ring keeps up, seconds a collective
    "NVLink 4": (300e9, 20e-6),  # of 450e9
    "PCIe 4.0 x16": (20e9, 20e-6),  # of 32e9
    "100 Gbit Ethernet": (10e9, 50e-6),  # of 12.5e9
}
COUNTED = 4  # images a step while operations are counted
SIZES = (2, 4, 8)


@dataclass(frozen=True)
class Step:
    """What one generator step of a preset takes."""

    batch: int
    generator: int  # parameters
    discriminator: int
    operations: float  # an image of the batch
    sent: int  # bytes of gradients
    collectives: int

    def seconds(self, images: float, size: int, link: str) -> float:
        """On each of `size` GPUs with `images` of a batch; computing and sending one after the other."""
        computing = self.operations * images / RATE
        if size == 1:
            return computing
        bandwidth, latency = LINKS[link]
        ring = 2 * (size - 1) / size * self.sent / bandwidth
        return computing + ring + self.collectives * latency


def counted(name: str) -> Step:
    """Make as many steps as a lazy penalty takes to come round, on the CPU, and count."""
    params = preset(name, train={"batch": COUNTED})
    channels = params.data.channels or (3 if params.data.dataset in ("celeba", "cifar10") else 1)
    cpu = torch.device("cpu")
    images = np.zeros((COUNTED * 2, channels, params.data.size, params.data.size), np.uint8)
    loop = loop_of(params, images, np.zeros(len(images), np.int64), cpu)
    state = loop.state
    operations = step_flops(loop)
    generator, discriminator = (
        sum(value.numel() for value in network.parameters())
        for network in (state.model.generator, state.model.discriminator)
    )
    return Step(
        preset(name).train.batch,
        generator,
        discriminator,
        operations / COUNTED,
        4 * (generator + params.train.d_steps * discriminator),
        _collectives(params, state),
    )


def _collectives(params: Params, state: TrainingState) -> int:
    """One sum of gradients a move; joined batch norms; statistics; the stop flag."""
    d_steps = params.train.d_steps
    of_generator, of_discriminator = (
        sum(isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) for layer in network.modules())
        for network in (state.model.generator, state.model.discriminator)
    )
    # each pass forward and each back is one: D sees real and fake, then once more for the generator
    norms = of_generator * (d_steps + 1) + of_discriminator * (4 * d_steps + 2)
    return d_steps + 1 + norms + 2


def main(names: list[str]) -> None:
    """Count, compute, print."""
    steps = {name: counted(name) for name in names}
    print("| preset | batch | parameters of G | of D | GFLOP an image | MB sent | collectives |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, step in steps.items():
        print(
            f"| `{name}` | {step.batch} | {step.generator:,} | {step.discriminator:,} | "
            f"{step.operations / 1e9:.3f} | {step.sent / 1e6:.1f} | {step.collectives} |"
        )
    heads = [f"{link}, {size}" for link in LINKS for size in SIZES]
    print(f"\n| preset | images a GPU | {' | '.join(heads)} |\n|---|---:|{'---:|' * len(heads)}")
    for name, step in steps.items():
        for each in (step.batch // max(SIZES), step.batch, 1024):
            alone = step.seconds(each, 1, "")
            shares = [alone / step.seconds(each, size, link) for link in LINKS for size in SIZES]
            print(f"| `{name}` | {each} | {' | '.join(f'{share:.0%}' for share in shares)} |")


if __name__ == "__main__":
    main(sys.argv[1:] or list(PRESETS))
