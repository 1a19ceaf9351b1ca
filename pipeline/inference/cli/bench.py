"""How fast a generator runs here: batch sizes, threads and devices, side by side."""

import time
from pathlib import Path

from pipeline.inference import console
from pipeline.inference.contract import session
from pipeline.inference.contract.inputs import examples
from pipeline.inference.contract.network import Network
from pipeline.inference.contract.opening import opened
from pipeline.inference.errors import InferenceError

BATCHES = (1, 64, 256)


def bench(path: Path, device: str, seconds: float, as_json: bool) -> None:
    """Print a row for each device, number of threads and batch size, each measured for `seconds`."""
    if not 0 < seconds <= 600:
        raise InferenceError(f"--seconds {seconds}: say more than 0, at most 600")
    rows = []
    cores = session.cores()
    for where, threads in _places(path, device, cores):
        start = time.perf_counter()
        with opened(path, where, threads) as network:
            load = time.perf_counter() - start
            for batch in BATCHES:
                rate = images_a_second(network, batch, seconds)
                rows.append(_row(where, threads, batch, rate, load))
    if as_json:
        runtime = f"onnxruntime {session.onnxruntime.__version__}"
        console.write_json({"file": str(path), "runtime": runtime, "cores": cores, "rows": rows})
    else:
        console.write_table(rows)


def images_a_second(network: Network, batch: int, seconds: float) -> float:
    """Return the rate of float images from noise that is ready, over at least `seconds`, after a warm-up."""
    inputs = examples(network.description, range(batch))
    network.compute(inputs)
    runs, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        network.compute(inputs)
        runs += 1
    return runs * batch / passed


def _places(path: Path, device: str, cores: int) -> list[tuple[str, int]]:
    """Return the (device, threads) to measure: with "auto" the CPU, and CUDA where it can be had."""
    on_cpu = [("cpu", threads) for threads in sorted({1, cores})]
    if device == "cpu":
        return on_cpu
    with opened(path, device) as network:
        on_cuda = [("cuda", 1)] if network.device == "cuda" else []
    return on_cuda if device == "cuda" else on_cpu + on_cuda


def _row(device: str, threads: int, batch: int, rate: float, load: float) -> dict[str, object]:
    return {
        "device": device,
        "threads": threads,
        "batch": batch,
        "images/s": round(rate, 1),
        "ms an image": round(1000 / rate, 3),
        "load ms": round(1000 * load, 1),
    }
