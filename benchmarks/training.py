"""How fast training is: this loop beside a notebook's, the machine's peak, and what recording costs.

    python -m benchmarks.training [--device cpu] [--width 128] [--seconds 4] [--rounds 5]

All contenders are made first; then, in every round, each warms up and trains for SECONDS, so that a slow
moment of the machine meets all of them. Figures are medians over the rounds. `cdcgan-classic` and the
notebook have the same network of the same width (published: 128) and the same batch. FLOPs are counted over
the loop's own steps and set against the rate at which torch multiplies two large matrices in the same rounds.
The images are MNIST of data/prepared/mnist-32 (`dvc repro preprocess`), or the digits that scikit-learn
brings; at 64x64 each pixel is four.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.loops import loop_of, prepared_digits, preset, same_network, step_flops
from benchmarks.notebook import Notebook
from benchmarks.runs import ROOT
from pipeline import params as p
from pipeline.data.prepared import Prepared
from pipeline.planning.machine import wait
from pipeline.tracking import Tracker
from pipeline.training.device import choose_device
from pipeline.training.distributed import Ranks
from pipeline.training.loop import Loop
from pipeline.training.run import Run

SIDE = 2048  # of the matrices
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main() -> None:
    """Print the tables."""
    arguments = parsed()
    device = choose_device(arguments.device)
    data = prepared_digits()
    images, labels = data.images("train"), data.labels("train")
    classic, notebook = same_network(images, labels, arguments.width, device)
    loops = {
        f"cdcgan-classic, width {arguments.width}": classic,
        "cdcgan (the flagship)": loop_of(preset("cdcgan"), images, labels, device),
        f"dcgan 64x64, width {arguments.width}": loop_of(
            preset("dcgan-mnist", model={"width": arguments.width}),
            images[:4096].repeat(2, 2).repeat(2, 3),
            labels[:4096],
            device,
        ),
    }
    speeds(loops, notebook, device, arguments)
    overhead(data, loops["cdcgan (the flagship)"], arguments.device)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    parser.add_argument("--width", type=int, default=128, help="of cdcgan-classic, the notebook and dcgan")
    parser.add_argument("--seconds", type=float, default=4.0, help="that each contender trains a round")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def speeds(
    loops: dict[str, Loop], notebook: Notebook, device: torch.device, arguments: argparse.Namespace
) -> None:
    """Print images a second, the ratio to the notebook, and the share of the matmul rate."""
    theirs = "notebook's loop, the same network"
    contenders = {theirs: (notebook.step, 1)}
    contenders |= {name: (loop.step, loop.params.objective.penalty.every) for name, loop in loops.items()}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    peaks: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    for _ in range(arguments.rounds):
        for name, (step, cycle) in contenders.items():
            seconds[name].append(step_seconds(step, cycle, arguments.seconds, device))
        for name, precision in PRECISIONS.items():
            peaks[name].append(matmul_rate(precision, device))
    peak = {name: statistics.median(found) for name, found in peaks.items()}
    print(f"{described(device)}; medians of {arguments.rounds} rounds of {arguments.seconds:g} s")
    rates = ", ".join(f"{name} {rate / 1e9:,.0f} GFLOP/s" for name, rate in peak.items())
    print(f"torch.matmul of {SIDE}x{SIDE}: {rates}\n")
    titles = ("batch", "images/s", "x notebook", "GFLOP/image", "of float32", "of bfloat16")
    print(f"{'':<34}" + "".join(f"{title:>12}" for title in titles) + "  in")
    batch = notebook.loader.batch_size
    reference = batch / statistics.median(seconds[theirs])
    print(f"{theirs:<34}{batch:>12}{reference:>12,.0f}{'1.00':>12}{'':>36}  float32")
    for index, (name, loop) in enumerate(loops.items()):
        batch = loop.params.train.batch
        rate = batch / statistics.median(seconds[name])
        flops = step_flops(loop) / batch
        ratio = f"{rate / reference:.2f}" if index == 0 else "-"
        shares = "".join(f"{rate * flops / peak[precision]:>12.0%}" for precision in PRECISIONS)
        figures = f"{batch:>12}{rate:>12,.0f}{ratio:>12}{flops / 1e9:>12.3f}{shares}"
        print(f"{name:<34}{figures}  {str(loop.precision).removeprefix('torch.')}")
    print()


def step_seconds(step: Callable[[], None], cycle: int, enough: float, device: torch.device) -> float:
    """Seconds a step over `enough` seconds, after a warm-up; whole cycles, for some steps pay a penalty."""
    steps, start = -cycle, 0.0
    while steps <= 0 or time.perf_counter() - start < enough:
        for _ in range(cycle):
            step()
        wait(device)
        steps += cycle
        start = start if steps else time.perf_counter()
    return (time.perf_counter() - start) / steps


def matmul_rate(precision: torch.dtype, device: torch.device) -> float:
    """FLOPs a second of torch.matmul: the median of ten."""
    left, right = (torch.randn(SIDE, SIDE, device=device).to(precision) for _ in range(2))
    times = []
    for _ in range(11):
        wait(device)
        start = time.perf_counter()
        torch.matmul(left, right)
        wait(device)
        times.append(time.perf_counter() - start)
    return 2 * SIDE**3 / statistics.median(times[1:])


def described(device: torch.device) -> str:
    """The machine in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), device.type)
    return f"{model}, {torch.get_num_threads()} threads"


def overhead(data: Prepared, loop: Loop, device: str) -> None:
    """Print what rows, pictures, checkpoints and MLflow cost over the flagship's run, at its intervals."""
    step = step_seconds(loop.step, loop.params.objective.penalty.every, 4.0, loop.device)
    params = preset("cdcgan", train={"device": device})
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        run = Run(params, data, Path("run"), Ranks(loop.device))
        run.loop.step()
        steps, train = run.steps, params.train
        costs = {
            "a row of history": (steps // train.log_every + train.pictures, lambda: row_of(run)),
            "a picture": (train.pictures, run._picture),
            "a checkpoint": (train.checkpoints, lambda: checkpoint(run)),
            "what is written at the end": (1, lambda: run.write(Path("models"))),
        }
        found = {title: (times, median_seconds(act)) for title, (times, act) in costs.items()}
        found |= tracking_costs(params, run, found["a row of history"][0])
        os.chdir(ROOT)
    print(f"the flagship at its default intervals, {steps:,} steps of {step * 1000:.0f} ms:")
    print(f"{'':<34} {'times':>6} {'ms each':>9} {'of the run':>10}")
    for title, (times, seconds) in found.items():
        print(f"{title:<34} {times:>6} {seconds * 1000:>9.1f} {times * seconds / (steps * step):>10.2%}")
    total = sum(times * seconds for times, seconds in found.values())
    print(f"{'together':<34} {'':>6} {'':>9} {total / (steps * step):>10.2%}")


def checkpoint(run: Run) -> None:
    """What a run does at one: it looks at its numbers and its data, and saves."""
    run.state.is_finite()
    run.data.verify()
    run.state.save(run.folder / "state.pt")


def row_of(run: Run) -> dict[str, float]:
    """One row of the history; the step it is about is counted as one."""
    run.state.totalled = 1
    return run.loop.row()


def tracking_costs(params: p.Params, run: Run, rows: int) -> dict[str, tuple[int, float]]:
    """What MLflow costs: to start, with its import, and for a row of history."""
    start = time.perf_counter()
    tracker = Tracker.start(params)
    started = time.perf_counter() - start
    row = row_of(run)
    steps = iter(range(1_000_000))
    with tracker:
        each = median_seconds(lambda: tracker.metrics(row, next(steps)))
    return {"MLflow: start": (1, started), "MLflow: a row": (rows, each)}


def median_seconds(act: Callable[[], object], times: int = 5) -> float:
    """How long it takes: the median, after one time to warm up."""
    found = []
    for _ in range(times + 1):
        start = time.perf_counter()
        act()
        found.append(time.perf_counter() - start)
    return statistics.median(found[1:])


if __name__ == "__main__":
    main()
