"""What the Python programs here share: their command line, a picture file, and the conformance protocol.

    PROGRAM MODEL DIGIT OUT.pgm                   draw one digit
    PROGRAM --image MODEL IN.png OUT.png          a picture through an image-to-image file
    PROGRAM --vectors FOLDER MODEL SECONDS        run the vectors in FOLDER and time the runtime
    PROGRAM --image MODEL IN.png OUT.f32 SECONDS  the same for a picture: `reconstruction` as it is

FOLDER holds `inputs.txt`, a line for each of the model's inputs in its order: name, type and shape, such as
`z float32 70 100`; and the values of each, little-endian, as `NAME.raw`. There are 65 rows or more. The
program writes `made.raw`, what the first output has for each row, one after another, and prints a line
of JSON: the runtime and its version, the seconds to open the model, and rows a second at batch 1 and 64. The
first row is run alone and the others together, so a runtime that can't change the batch size is found out.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

Run = Callable[[dict[str, np.ndarray]], np.ndarray]  # the model's inputs by name -> images [N, ...]
BATCHES = (1, 64)


def main(runtime: str, load: Callable[[str], Run]) -> None:
    """Run the command line; `load` opens an ONNX file in `runtime` and returns what runs it."""
    if sys.argv[1:2] == ["--image"]:
        model, picture, out, *seconds = sys.argv[2:]
        report = translate(load, model, picture, Path(out), *map(float, seconds))
        if report:
            print(json.dumps({"runtime": runtime, **report}))
    elif sys.argv[1:2] == ["--vectors"]:
        folder, model, seconds = sys.argv[2:]
        print(json.dumps({"runtime": runtime, **conform(load, Path(folder), model, float(seconds))}))
    else:
        model, digit, out = sys.argv[1:]
        draw(load(model), int(digit), Path(out))


def draw(run: Run, digit: int, out: Path) -> None:
    """Write one picture of `digit` as a PGM file, 0 is black."""
    z = np.random.default_rng().standard_normal((1, 100), dtype=np.float32)
    image = run({"z": z, "label": np.array([digit])})[0, 0]  # float32 [H, W] in [-1, 1]
    pixels = np.clip(np.rint((image + 1) * 127.5), 0, 255).astype(np.uint8)
    height, width = pixels.shape
    out.write_bytes(b"P5 %d %d 255\n" % (width, height) + pixels.tobytes())


def translate(
    load: Callable[[str], Run], model: str, picture: str, out: Path, seconds: float | None = None
) -> dict[str, object]:
    """Write what becomes of a picture, as one or as raw float32 [1, 3, H, W] and with times to tell."""
    from PIL import Image  # late: the other programs do without

    pixels = np.asarray(Image.open(picture).convert("RGB"), np.float32) / 255
    inputs = {"pixel_values": np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])}
    started = time.perf_counter()
    run = load(model)
    loaded = time.perf_counter() - started
    made = run(inputs)
    if seconds is None:
        Image.fromarray(np.rint(made[0].transpose(1, 2, 0) * 255).astype(np.uint8)).save(out)
        return {}
    out.write_bytes(made.tobytes())
    return {"load": loaded, "rates": {"1": rate(lambda: run(inputs), 1, seconds)}}


def conform(load: Callable[[str], Run], folder: Path, model: str, seconds: float) -> dict[str, object]:
    """Run the vectors of `folder` and return the times that the protocol asks for."""
    inputs = read_inputs(folder)
    started = time.perf_counter()
    run = load(model)
    loaded = time.perf_counter() - started
    parts = [run({name: rows[part] for name, rows in inputs.items()}) for part in (slice(1), slice(1, None))]
    (folder / "made.raw").write_bytes(np.concatenate(parts).tobytes())
    rates = {}
    for batch in BATCHES:
        rows = {name: values[:batch] for name, values in inputs.items()}
        rates[str(batch)] = rate(lambda rows=rows: run(rows), batch, seconds)
    return {"load": loaded, "rates": rates}


def read_inputs(folder: Path) -> dict[str, np.ndarray]:
    """Return the model's inputs by name, in the model's order."""
    inputs = {}
    for line in (folder / "inputs.txt").read_text().splitlines():
        name, kind, *shape = line.split()
        inputs[name] = np.fromfile(folder / f"{name}.raw", kind).reshape([int(side) for side in shape])
    return inputs


def rate(call: Callable[[], object], batch: int, seconds: float) -> float:
    """Return images a second, over calls that fill `seconds` after one to warm up."""
    call()
    calls, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds or not calls:
        call()
        calls += 1
    return calls * batch / elapsed
