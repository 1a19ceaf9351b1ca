"""Run an exported generator in every runtime that is installed here: do they agree, and how fast are they?

    python deploy/conformance.py exported/cdcgan.onnx

Each runtime's program is a file beside this one; harness.py says how they are asked. What they make is
compared with the model's test vectors (MODEL without .onnx/test_data_set_0, the layout of the ONNX model zoo)
or, where there are none, with what this interpreter's ONNX Runtime makes of fixed latents and all labels.

    python deploy/conformance.py exported/pix2pix-edges.parts/image-to-image/generator/onnx/model.onnx

An image-to-image file (`pixel_values` -> `reconstruction`) is run on PNG files of odd and even sizes instead,
by those that translate pictures, and held against this interpreter's ONNX Runtime.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from browser.run import find_chromium
from rich import box
from rich.console import Console
from rich.table import Table

DEPLOY = Path(__file__).parent
INSTALLED = DEPLOY / ".runtimes"
ROWS = 70  # one alone, and the others in one batch, of at least 64
TOLERANCE = {"float32": 1e-4, "uint8": 1}  # images in [-1, 1]; grey levels
SIZES = ((45, 70), (64, 48))  # height and width of the pictures, where any will do
PATIENCE = 600  # seconds a runtime may take
HEADINGS = ("runtime", "opened", "largest difference", "images/s, batch 1", "images/s, batch 64", "load ms")


@dataclass(frozen=True)
class Runtime:
    """A program that speaks harness.py's protocol; `command` is None where it is not installed."""

    name: str
    command: list[str] | None
    install: str
    takes: str = "noise"  # or "pictures", or "both"


@dataclass(frozen=True)
class Vectors:
    """The model's inputs by name, in its order, and what is right: [ROWS or more, ...] each."""

    inputs: dict[str, np.ndarray]
    made: np.ndarray
    source: str


@dataclass(frozen=True)
class Outcome:
    """What a runtime made of the model: `failure` where it made nothing."""

    runtime: str
    failure: str | None = None
    difference: float = 0.0
    rates: dict[str, float] | None = None
    load: float = 0.0

    def cells(self) -> list[str]:
        """Return the outcome as a row of the table."""
        if self.rates is None:
            return [self.runtime, f"no: {self.failure}", "", "", "", ""]
        rates = [f"{self.rates[batch]:,.0f}" if batch in self.rates else "" for batch in ("1", "64")]
        return [self.runtime, "yes", f"{self.difference:.1g}", *rates, f"{1000 * self.load:,.0f}"]


def runtimes() -> list[Runtime]:
    """Return every runtime that is known, installed or not."""
    node = shutil.which("node") if (DEPLOY / "node/node_modules").exists() else None
    browser = find_chromium() if (DEPLOY / "web/node_modules").exists() else None
    in_c = INSTALLED / "c/vectors"
    return [
        Runtime("onnxruntime", python("onnxruntime", None, "onnxruntime"), "pip install '.[cpu]'", "both"),
        Runtime(old := "onnxruntime-1.16", python("onnxruntime", old, None), f"make -C deploy {old}"),
        Runtime(
            "c", [str(in_c)] if in_c.exists() else None, "make -C deploy c ORT=FOLDER (see the Makefile)"
        ),
        Runtime("node", [node, str(DEPLOY / "node/digit.mjs")] if node else None, "make -C deploy node"),
        Runtime(
            "browser",
            [sys.executable, str(DEPLOY / "browser/run.py")] if browser else None,
            "make -C deploy browser (and Chromium)",
        ),
        Runtime(
            "transformers.js",
            [node, str(DEPLOY / "node/translate.mjs")] if node else None,
            "make -C deploy node",
            "pictures",
        ),
        Runtime("openvino", python("openvino", "openvino", "openvino"), "make -C deploy openvino", "both"),
        Runtime("opencv", python("opencv", "opencv", "cv2"), "make -C deploy opencv", "both"),
        Runtime("tract", python("tract", "tract", "tract"), "make -C deploy tract"),
    ]


def python(program: str, environment: str | None, module: str | None) -> list[str] | None:
    """Return the command of python_PROGRAM.py in its own environment, or in this if it has the module."""
    script = str(DEPLOY / f"python_{program}.py")
    if environment and (interpreter := INSTALLED / environment / "bin/python").exists():
        return [str(interpreter), script]
    return [sys.executable, script] if module and find_spec(module) else None


def is_image_to_image(model: Path) -> bool:
    """Whether it takes `pixel_values` alone."""
    return [given.name for given in opened(model).get_inputs()] == ["pixel_values"]


def opened(model: Path) -> Any:
    """Return the model as a session of this interpreter's ONNX Runtime."""
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise typer.BadParameter(f"{model}: ONNX Runtime can't open it: {str(error)[:200]}") from error


def find_vectors(model: Path) -> Vectors:
    """Return the model's test vectors, or some made here where it has none."""
    folder = model.with_suffix("") / "test_data_set_0"
    names = [given.name for given in opened(model).get_inputs()]
    if not folder.is_dir():
        return make_vectors(model, names)
    inputs = {name: repeat(read_tensor(folder / f"input_{index}.pb")) for index, name in enumerate(names)}
    return Vectors(inputs, repeat(read_tensor(folder / "output_0.pb")), f"the test vectors in {folder}")


def read_tensor(file: Path) -> np.ndarray:
    """Return the array in a serialised TensorProto."""
    from onnx import TensorProto, numpy_helper

    return numpy_helper.to_array(TensorProto.FromString(file.read_bytes()))


def repeat(rows: np.ndarray) -> np.ndarray:
    """Return `rows` again and again until there are enough of them."""
    return np.resize(rows, (max(ROWS, len(rows)), *rows.shape[1:]))


def make_vectors(model: Path, names: list[str]) -> Vectors:
    """Return fixed noise and every label in turn, with what this interpreter's ONNX Runtime makes of them."""
    import onnxruntime

    session, stream = opened(model), np.random.default_rng(0)
    if unknown := set(names) - {"z", "seed", "label"}:
        raise typer.BadParameter(
            f"{model}: no {model.with_suffix('')}/ with test vectors for {', '.join(sorted(unknown))}: "
            "`python -m stages.package` writes them"
        )
    made = {"label": np.arange(ROWS) % 10, "seed": stream.integers(2**24, size=ROWS)}
    if "z" in names:
        made["z"] = stream.standard_normal((ROWS, session.get_inputs()[0].shape[1]), dtype=np.float32)
    inputs = {name: made[name] for name in names}
    source = f"what ONNX Runtime {onnxruntime.__version__} makes of {ROWS} fixed latents"
    return Vectors(inputs, session.run(None, inputs)[0], source)


def ask(runtime: Runtime, *arguments: str) -> dict[str, Any] | Outcome:
    """Run a runtime's program; return what it reports (harness.py), or the outcome if it fails."""
    command = [*runtime.command, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return Outcome(runtime.name, last[:200])
    return json.loads(done.stdout.strip().splitlines()[-1])


def try_out(runtime: Runtime, model: Path, vectors: Vectors, seconds: float) -> Outcome:
    """Run the vectors in `runtime` and compare."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for key, rows in vectors.inputs.items():
            rows.tofile(folder / f"{key}.raw")
        lines = [" ".join(map(str, (key, rows.dtype, *rows.shape))) for key, rows in vectors.inputs.items()]
        (folder / "inputs.txt").write_text("".join(f"{line}\n" for line in lines))
        report = ask(runtime, "--vectors", name, str(model), str(seconds))
        if isinstance(report, Outcome):
            return report
        made = np.fromfile(folder / "made.raw", vectors.made.dtype)
    if made.size != vectors.made.size:
        return Outcome(report["runtime"], f"{made.size} values came out, not {vectors.made.size}")
    difference = float(np.abs(made.astype(np.float64) - vectors.made.ravel()).max())
    return Outcome(report["runtime"], None, difference, report["rates"], report["load"])


def translate(runtime: Runtime, model: Path, seconds: float) -> Outcome:
    """Run pictures of several sizes in `runtime` and compare what becomes of them."""
    from PIL import Image

    session, worst = opened(model), 0.0
    _, _, height, width = session.get_inputs()[0].shape
    sizes = [(height, width)] if isinstance(height, int) else SIZES
    for size in sizes:
        pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
        given = np.ascontiguousarray((pixels.astype(np.float32) / 255).transpose(2, 0, 1)[None])
        (expected,) = session.run(None, {"pixel_values": given})
        with tempfile.TemporaryDirectory() as name:
            picture, made = Path(name, "in.png"), Path(name, "out.f32")
            Image.fromarray(pixels).save(picture)
            report = ask(runtime, "--image", str(model), str(picture), str(made), str(seconds))
            if isinstance(report, Outcome):
                return report
            found = np.fromfile(made, np.float32)
        if found.size != expected.size:
            return Outcome(report["runtime"], f"{found.size} values came out, not {expected.size}")
        worst = max(worst, float(np.abs(found - expected.ravel()).max()))
    return Outcome(report["runtime"], None, worst, report["rates"], report["load"])


def show(outcomes: list[Outcome], title: str, markdown: bool) -> None:
    """Print the table: boxes for a terminal, or Markdown."""
    rows = [outcome.cells() for outcome in outcomes]
    if markdown:
        lines = [HEADINGS, ["---"] * len(HEADINGS), *rows]
        print("\n".join(f"| {' | '.join(line)} |" for line in lines))
        print(f"\n{title}")
        return
    table = Table(caption=title, box=box.SIMPLE, show_edge=False, padding=(0, 1, 0, 0))
    for i, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if i < 2 else "right", no_wrap=i == 0)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def main(
    model: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An exported generator.")],
    only: Annotated[list[str] | None, typer.Option(help="The runtimes to run, by name.")] = None,
    seconds: Annotated[float, typer.Option(help="How long each speed is measured.")] = 1.0,
    markdown: Annotated[bool, typer.Option(help="A table for a README.")] = False,
) -> None:
    """Run the generator in every runtime that is installed; exit status 1 if one can't, or disagrees."""
    known = runtimes()
    if unknown := set(only or []) - {runtime.name for runtime in known}:
        raise typer.BadParameter(f"{unknown.pop()}: known are {', '.join(runtime.name for runtime in known)}")
    pictures = is_image_to_image(model)
    vectors = None if pictures else find_vectors(model)
    outcomes = []
    for runtime in known:
        if only and runtime.name not in only:
            continue
        if runtime.takes not in ("both", "pictures" if pictures else "noise"):
            continue
        if runtime.command is None:
            print(f"{runtime.name} is not installed: {runtime.install}", file=sys.stderr)
            continue
        if pictures:
            outcomes.append(translate(runtime, model, seconds))
        else:
            outcomes.append(try_out(runtime, model, vectors, seconds))
    source = "ONNX Runtime on pictures of several sizes" if pictures else vectors.source
    load = os.getloadavg()[0]
    show(outcomes, f"against {source}; {os.cpu_count()} cores, load {load:.1f}", markdown)
    tolerance = TOLERANCE["float32" if pictures else str(vectors.made.dtype)]
    wrong = [o.runtime for o in outcomes if o.failure or o.difference > tolerance]
    if wrong:
        print(f"wrong: {', '.join(wrong)} (a difference up to {tolerance:g} is right)", file=sys.stderr)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
