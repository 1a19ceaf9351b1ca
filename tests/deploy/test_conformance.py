"""The conformance command and the Python programs behind it, run as a user runs them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "exported/cdcgan.onnx"
SEEDED = ROOT / "exported/cdcgan.seeded.onnx"
OTHERS = ["onnxruntime-1.16", "c", "node", "browser", "openvino", "opencv", "tract"]


def conformance(model: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with short measurements."""
    command = [
        sys.executable,
        "deploy/conformance.py",
        str(model),
        "--markdown",
        "--seconds",
        "0.01",
        *arguments,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def rows(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    """The cells of the table's rows, without its headings."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def write_vectors(model: Path, first: np.ndarray, labels: np.ndarray, images: np.ndarray) -> None:
    """Write test vectors beside `model`, in the model zoo's layout."""
    folder = model.with_suffix("") / "test_data_set_0"
    folder.mkdir(parents=True)
    for name, array in (("input_0", first), ("input_1", labels), ("output_0", images)):
        (folder / f"{name}.pb").write_bytes(numpy_helper.from_array(array).SerializeToString())


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A model of the contract that anyone can check: every pixel is the sum of z plus the label, in 2 x 2."""
    z, label = (
        helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", 100]),
        helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
    )
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 2, 2])
    nodes = [
        helper.make_node("MatMul", ["z", "ones"], ["sums"]),
        helper.make_node("Cast", ["label"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["number", "column"], ["numbers"]),
        helper.make_node("Add", ["sums", "numbers"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["image"]),
    ]
    constants = {
        "ones": np.ones((100, 4), np.float32),
        "column": np.array([-1, 1]),
        "shape": np.array([-1, 1, 2, 2]),
    }
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "toy", [z, label], [image], initializers)
    path = tmp_path / "toy.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_the_shipped_file_runs_in_onnx_runtime() -> None:
    done = conformance(MODEL, "--only", "onnxruntime")
    assert done.returncode == 0, done.stderr
    ((runtime, opened, difference, single, many, load),) = rows(done)
    assert runtime.startswith("ONNX Runtime ")
    assert opened == "yes"
    assert float(difference) < 1e-5
    assert all(float(figure.replace(",", "")) > 0 for figure in (single, many))
    assert float(load.replace(",", "")) >= 0


@pytest.mark.slow
@pytest.mark.parametrize("model", [MODEL, SEEDED], ids=lambda model: model.name)
@pytest.mark.parametrize("runtime", OTHERS)
def test_the_shipped_file_runs_in(runtime: str, model: Path) -> None:
    if not model.exists():
        pytest.skip(f"no {model.name}")
    done = conformance(model, "--only", runtime)
    if "is not installed" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr + done.stdout
    ((_, opened, *_),) = rows(done)
    assert opened == "yes"


def test_vectors_beside_the_model_are_what_counts(toy: Path) -> None:
    z, labels = np.full((3, 100), 0.25, np.float32), np.array([0, 4, 9])
    right = np.broadcast_to(25 + labels[:, None, None, None], (3, 1, 2, 2)).astype(np.float32)
    write_vectors(toy, z, labels, right)
    done = conformance(toy, "--only", "onnxruntime")
    assert done.returncode == 0, done.stderr
    assert "test vectors in" in done.stdout


def test_a_wrong_picture_is_found(toy: Path) -> None:
    z, labels = np.zeros((3, 100), np.float32), np.array([0, 4, 9])
    wrong = np.broadcast_to(labels[:, None, None, None], (3, 1, 2, 2)).astype(np.float32)
    wrong[2, 0, 1, 1] += 0.5
    write_vectors(toy, z, labels, wrong)
    done = conformance(toy, "--only", "onnxruntime")
    assert done.returncode == 1
    assert "wrong: ONNX Runtime" in done.stderr
    assert rows(done)[0][2] == "0.5"


def test_a_runtime_that_is_not_known_is_named() -> None:
    done = conformance(MODEL, "--only", "abacus")
    assert done.returncode == 2
    assert "abacus" in done.stderr
    assert "openvino" in done.stderr


def test_a_file_that_is_no_model_gets_one_line(tmp_path: Path) -> None:
    path = tmp_path / "not.onnx"
    path.write_text("not a model")
    done = conformance(path, "--only", "onnxruntime")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_program_draws_the_digit(tmp_path: Path) -> None:
    out = tmp_path / "five.pgm"
    command = [sys.executable, "deploy/python_onnxruntime.py", str(MODEL), "5", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    picture = np.asarray(Image.open(out))
    assert picture.shape == (32, 32)
    assert picture.max() > 200  # ink
    assert picture[0].max() < 100  # on black


@pytest.mark.slow
def test_pictures_become_the_same_in_every_runtime_that_translates_them(
    exported: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = exported("pix2pix-edges") / "exported/pix2pix-edges.parts/image-to-image/generator"
    names = ("onnxruntime", "transformers.js", "openvino", "opencv")
    done = conformance(folder / "onnx/model.onnx", *(word for name in names for word in ("--only", name)))
    assert done.returncode == 0, done.stderr + done.stdout
    found = rows(done)
    assert [row[1] for row in found] == ["yes"] * len(found)
    assert len(found) + done.stderr.count("is not installed") == len(names)
    made = tmp_path / "made.png"
    Image.fromarray(np.arange(45 * 70 * 3).astype(np.uint8).reshape(45, 70, 3)).save(tmp_path / "in.png")
    program = [sys.executable, "deploy/python_onnxruntime.py", "--image", str(folder / "onnx/model.onnx")]
    subprocess.run([*program, str(tmp_path / "in.png"), str(made)], cwd=ROOT, check=True, timeout=60)
    again = tmp_path / "again.png"
    command = [sys.executable, "-m", "pipeline.inference.cli", str(folder / "onnx/model.onnx")]
    command += ["--image", str(tmp_path / "in.png"), "--out", str(again)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    by_program, by_gan_infer = (np.asarray(Image.open(each)).astype(int) for each in (made, again))
    assert by_program.shape == (45, 70, 3)
    assert np.abs(by_program - by_gan_infer).max() <= 1
