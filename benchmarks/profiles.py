"""Where the time of a training step goes: the notebook's loop before, the pipeline's after.

    python -m benchmarks.profiles [--device cpu] [--width 64] [--steps 20]

Both train the same network (`cdcgan-classic`) on batches of the same size. torch's profiler sees every
operation; each is counted once, by what it does itself, under the first of KINDS that it or the nearest one
around it matches. A step under the profiler is slower than one that is timed alone: compare the columns.
"""

import argparse
import re
from collections import defaultdict
from collections.abc import Callable

import torch
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile

from benchmarks.loops import prepared_digits, same_network
from pipeline.planning.machine import wait
from pipeline.training.device import choose_device

KINDS = {
    "waiting for images": "DataLoader",
    "optimisers": "Optimizer|adam",
    "convolutions": "conv",
    "batch norm": "batch_norm|BatchNorm",
    "matrix products": "addmm|::mm|linear|Linear",
    "label maps, concatenated": "one_hot|repeat|cat|Cat|index_select|IndexSelect",
    "activations": "relu|Relu|tanh|Tanh",
    "values read by the host": "item|local_scalar_dense",
}
REST = "all else"


def main() -> None:
    """Print milliseconds a step, by kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--width", type=int, default=64, help="of the network (published: 128)")
    parser.add_argument("--steps", type=int, default=20)
    arguments = parser.parse_args()
    device, data = choose_device(arguments.device), prepared_digits()
    loop, notebook = same_network(data.images("train"), data.labels("train"), arguments.width, device)
    before, after = (profiled(each.step, arguments.steps, device) for each in (notebook, loop))
    print(f"{'ms a step':<28}{'notebook':>12}{'pipeline':>12}")
    for kind in (*KINDS, REST):
        print(f"{kind:<28}{before[kind]:>12.1f}{after[kind]:>12.1f}")
    print(f"{'together':<28}{sum(before.values()):>12.1f}{sum(after.values()):>12.1f}")


def profiled(step: Callable[[], None], steps: int, device: torch.device) -> dict[str, float]:
    """Milliseconds a step by kind, on the device that computes, after a warm-up."""
    on_gpu = device.type == "cuda"
    for _ in range(5):
        step()
    wait(device)
    with profile(activities=[ProfilerActivity.CPU, *[ProfilerActivity.CUDA] * on_gpu]) as recorded:
        for _ in range(steps):
            step()
        wait(device)
    found: dict[str, float] = defaultdict(float)
    for event in recorded.events():
        microseconds = event.self_device_time_total if on_gpu else event.self_cpu_time_total
        found[kind_of(event)] += microseconds / 1000 / steps
    return found


def kind_of(event: FunctionEvent) -> str:
    """The kind of an operation, or of the nearest one around it that has one."""
    while event is not None:
        for kind, pattern in KINDS.items():
            if re.search(pattern, event.name):
                return kind
        event = event.cpu_parent
    return REST


if __name__ == "__main__":
    main()
