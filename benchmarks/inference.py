"""How fast the generator that ships is: from a cold shell, and in bulk beside torch on the same cores.

    python -m benchmarks.inference

Cold start is the wall time of a fresh process, median of RUNS after one warm-up. Bulk is images a second from
noise that is ready, median of ROUNDS rounds in which every row has its turn; "seeds to uint8" makes the noise
and the pixels, too. torch runs eagerly in float32, in inference mode, from the weights that the file was
exported from (models/cdcgan/, which `dvc repro` leaves); without them its rows are left out.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

from pipeline.inference import Generator
from pipeline.inference.contract.session import cores
from pipeline.kinds.shared.noise import latent

ROOT = Path(__file__).parents[1]
ONNX = ROOT / "exported" / "cdcgan.onnx"
WEIGHTS = ROOT / "models" / "cdcgan" / "shipped" / "generator.safetensors"
PARAMS = ROOT / "presets" / "cdcgan.yaml"
TORCH = "torch eager fp32"
RUNS, ROUNDS, SECONDS = 11, 5, 0.5
BATCHES = (1, 64, 256)
SAME_NETWORK = 1e-3  # the largest difference that rounding makes
CORES = cores()
THREADS = sorted({1, CORES})


def main() -> None:
    """Print the three tables."""
    print(
        f"onnxruntime {onnxruntime.__version__}, {CORES} cores, {ONNX.name} {ONNX.stat().st_size:,} bytes\n"
    )
    cold_start()
    bulk()
    same_bytes()


def cold_start() -> None:
    """Print how long a command takes from the shell."""
    program = "from pipeline.inference.cli import main; main()"  # as the installed `gan-infer` does
    commands = {
        "python -c pass": ["-c", "pass"],
        "gan-infer --help": ["-c", program, "--help"],
        "gan-infer --onnx FILE --digit 5": ["-c", program, "--onnx", str(ONNX), "--digit", "5", "--out", "-"],
    }
    print(f"{'cold start':<36} {'median':>8} {'least':>8}")
    for name, arguments in commands.items():
        times = [_seconds(arguments) for _ in range(RUNS + 1)][1:]
        print(f"{name:<36} {statistics.median(times):6.3f} s {min(times):6.3f} s")
    print()


def _seconds(arguments: list[str]) -> float:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def bulk() -> None:
    """Print images a second of ONNX Runtime and torch, by number of threads and batch size."""
    network = torch_network()
    print(f"{'images a second':<36} {'threads':>8} {'batch':>8} {'median':>8} {'x torch':>8}")
    for threads in THREADS:
        for batch in BATCHES:
            rates = measure(contenders(network, threads, batch), batch)
            for name, rate in rates.items():
                ratio = f"{rate / rates[TORCH]:7.2f}x" if network else "-"
                print(f"{name:<36} {threads:>8} {batch:>8} {rate:8.0f} {ratio:>8}")
    print()


def contenders(network: Callable | None, threads: int, batch: int) -> dict[str, Callable[[], object]]:
    """Return what makes `batch` images on `threads` threads: the graph, all of `sample`, torch."""
    generator = Generator(ONNX, "cpu", threads)
    description = generator.description
    z = latent(range(batch), description.z_dim, description.latent)
    labels = np.arange(batch) % len(description.classes)
    found = {
        "Generator.run": lambda: generator.run(z, labels),
        "Generator.sample, seeds to uint8": lambda: generator.sample(labels, range(batch), batch),
    }
    if network:
        import torch

        def eager() -> object:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                return network(torch.from_numpy(z), torch.from_numpy(labels))

        difference = np.abs(eager().numpy() - generator.run(z, labels)).max()
        if difference > SAME_NETWORK:
            raise SystemExit(f"{WEIGHTS} are another network's: its images differ by {difference:.2g}")
        found[TORCH] = eager
    return found


def measure(contenders: dict[str, Callable[[], object]], batch: int) -> dict[str, float]:
    """Return images a second of each: the median of ROUNDS, after a round to warm up."""
    rates = {name: [] for name in contenders}
    for _ in range(ROUNDS + 1):
        for name, make in contenders.items():
            runs, start = 0, time.perf_counter()
            while (passed := time.perf_counter() - start) < SECONDS:
                make()
                runs += 1
            rates[name].append(runs * batch / passed)
    return {name: statistics.median(found[1:]) for name, found in rates.items()}


def torch_network() -> Callable | None:
    """Return the generator that ships as its torch module; None, with a line, where that can't be had."""
    try:
        from safetensors.torch import load_file

        from pipeline import systems
        from pipeline.fields import image, label
        from pipeline.loading import load
    except ImportError as error:
        print(f"torch is left out: {error}\n")
        return None
    if not WEIGHTS.exists():
        print(f"torch is left out: {WEIGHTS} is not there; `dvc repro` makes it\n")
        return None
    description = Generator(ONNX, "cpu", 1).description
    channels, size, _ = description.image_shape
    data = {"images": image(channels, size), "labels": label(description.classes)}
    built = systems.build(load(PARAMS), data)
    built.generator.load_state_dict(load_file(WEIGHTS))
    return built.generator.float().eval()


def same_bytes() -> None:
    """Print how many different bytes 1,000 images have over batch sizes and threads: one is right."""
    labels, seeds = np.arange(1000) % 10, range(1000)
    found = {
        hashlib.sha256(Generator(ONNX, "cpu", threads).sample(labels, seeds, batch).tobytes()).hexdigest()
        for threads in (*THREADS, 3)
        for batch in (1, 7, 64, 256, 1000)
    }
    print(f"bytes of 1,000 images over 5 batch sizes and {len(THREADS) + 1} numbers of threads:")
    print(f"  {len(found)} different: {', '.join(digest[:16] for digest in sorted(found))}")


if __name__ == "__main__":
    main()
