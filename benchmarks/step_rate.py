"""Is a training step as fast as it was in another revision?

    python -m benchmarks.step_rate REV [--preset cdcgan] [--rounds 5]

Two processes, one with the code of REV and one with the code here, train the preset on the CPU and take
turns: STEPS steps of the one, STEPS of the other, TURNS times, so that whatever else the machine does meets
both. Prints for each round of new processes the median of the ratios of the rates, and their median.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.runs import ROOT, worktree

STEPS, TURNS, WARM_UP = 8, 24, 10
IMAGES = 2000
CHILD = f"""
import sys, time
import numpy as np, torch
from benchmarks.loops import loop_of, preset
params = preset(sys.argv[1])
shape = ({IMAGES}, params.data.channels or 1, params.data.size, params.data.size)
images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
loop = loop_of(params, images, np.arange({IMAGES}) % 10, torch.device("cpu"))
for _ in range({WARM_UP}):
    loop.step()
print("ready", flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    for _ in range({STEPS}):
        loop.step()
    print(time.perf_counter() - began, flush=True)
"""


def started(root: Path, preset: str) -> "subprocess.Popen[str]":
    """A process with the code in `root` that trains when it is told to."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, preset], cwd=root, stdin=pipe, stdout=pipe, text=True
    )
    if process.stdout.readline() != "ready\n":
        sys.exit(f"{preset} does not train with the code in {root}")
    return process


def seconds(process: "subprocess.Popen[str]") -> float:
    """Those of STEPS steps."""
    process.stdin.write("go\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def ratio(roots: list[Path], preset: str) -> float:
    """The rate of the second over that of the first: the median of TURNS turns."""
    processes = [started(root, preset) for root in roots]
    found = []
    for turn in range(TURNS):
        order = processes if turn % 2 else processes[::-1]  # neither always comes first
        took = {process: seconds(process) for process in order}
        found.append(took[processes[0]] / took[processes[1]])
    for process in processes:
        process.stdin.close()
        process.wait()
    return statistics.median(found)


def main() -> None:
    """Parse the command line, and print a line a round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("revision")
    parser.add_argument("--preset", default="cdcgan")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with worktree(chosen.revision) as before:
        rounds = []
        for number in range(1, chosen.rounds + 1):
            rounds.append(ratio([before, ROOT], chosen.preset))
            print(f"round {number}: {rounds[-1]:.3f} times the rate of {chosen.revision}", flush=True)
    print(f"median of {chosen.rounds}: {statistics.median(rounds):.3f}")


if __name__ == "__main__":
    main()
