"""A generator of sounds on the command line: a word, a year, a file each, and the picture of it."""

import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from pipeline.fields import Field, label, latent
from pipeline.inference import cli
from pipeline.inference.contract import format_2
from pipeline.inference.output.sounds import LOUDEST, samples, save
from tests.inference.conftest import metadata_of

SIDE, HOP = 32, 64
MEL = {"of": "images", "range": [-1, 1], "rate": 8000, "hop": HOP, "window": 256, "decibels": [-70, -10]}
CLASSES = [str(digit) for digit in range(10)]


@pytest.fixture
def infer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs gan-infer with a file whose mel is reshape(tanh(table[label] + z W))."""
    random = np.random.default_rng(0)
    arrays = {
        "table": random.normal(0, 1, (10, SIDE**2)),
        "w": random.normal(0, 0.3, (6, SIDE**2)),
    }
    constants = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()]
    constants.append(numpy_helper.from_array(np.array([0, 1, SIDE, SIDE], np.int64), "shape"))
    nodes = [
        helper.make_node("Gather", ["table", "label"], ["row"]),
        helper.make_node("MatMul", ["z", "w"], ["moved"]),
        helper.make_node("Add", ["row", "moved"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["mel"]),
    ]
    z, chosen, mel = (
        helper.make_tensor_value_info(name, kind, ["N", *shape])
        for name, kind, shape in (
            ("z", TensorProto.FLOAT, [6]),
            ("label", TensorProto.INT64, []),
            ("mel", TensorProto.FLOAT, [1, SIDE, SIDE]),
        )
    )
    graph = helper.make_graph(nodes, "sounds", [z, chosen], [mel], constants)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    inputs = {"z": latent(6, "normal"), "label": label(CLASSES)}
    said = {"fields": format_2.text(inputs, {"mel": Field("mel", (1, SIDE, SIDE), MEL)})}
    about = metadata_of([], (1, 1, 1)) | {"format": format_2.FORMAT, "dataset": "spoken_digits"} | said
    helper.set_model_props(proto, about)
    onnx.save(proto, tmp_path / "tiny.onnx")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["tiny.onnx", *arguments])
        return int(left.value.code or 0), capfd.readouterr().err

    return run


def samples_of(path: str) -> np.ndarray:
    """int16 [T] of a file that has one channel of 8,000 a second."""
    with wave.open(path) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_a_number_is_spoken_digit_by_digit(infer: Callable[..., tuple[int, str]]) -> None:
    assert infer("--digits", "202", "--out", "year.wav") == (0, "wrote year.wav\n")
    assert infer("--digit", "0", "--seed", "1", "--out", "none.wav")[0] == 0
    year, none = samples_of("year.wav"), samples_of("none.wav")
    assert (len(year), len(none)) == (3 * SIDE * HOP, SIDE * HOP)
    assert np.array_equal(year[SIDE * HOP : 2 * SIDE * HOP], none)
    assert np.abs(none.astype(int)).max() > 100
    assert not np.array_equal(year[: SIDE * HOP], year[2 * SIDE * HOP :])  # two seeds


def test_a_file_each_a_picture_and_an_array(infer: Callable[..., tuple[int, str]]) -> None:
    assert infer("--digit", "5", "--count", "2", "--out", "{label}/{seed}.wav")[0] == 0
    assert infer("--digit", "5", "--seed", "1", "--out", "five.wav")[0] == 0
    assert Path("five.wav").read_bytes() == Path("5/1.wav").read_bytes()
    assert infer("--digit", "5") == (0, "wrote digit-5.png\n")
    assert infer("--digit", "5", "--out", "five.npy")[0] == 0
    (mel,) = np.load("five.npy")
    assert np.array_equal(mel[..., 0], np.asarray(Image.open("digit-5.png")))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--show",), "--show: is for pictures, not for --out x.wav"),
        (("--scale", "2"), "--scale 2: is for pictures; x.wav holds a sound"),
        (("--count", "2", "--out", "{index}.mp3"), "sounds in .wav"),
    ],
)
def test_what_a_sound_can_not_be_is_refused(
    infer: Callable[..., tuple[int, str]], arguments: tuple[str, ...], told: str
) -> None:
    code, error = infer("--digit", "5", "--out", "x.wav", *arguments)
    assert (code, error.count("\n")) == (2, 1)
    assert told in error
    assert {path.name for path in Path().iterdir()} == {"tiny.onnx"}


def test_a_sound_that_goes_beyond_1_is_softened_and_no_other() -> None:
    for peak, found in ((2.0, LOUDEST), (0.5, round(LOUDEST / 2))):
        first, second, third = samples(np.array([0, peak, -peak / 2])).tolist()
        assert (first, second) == (0, found)
        assert third == pytest.approx(-found / 2, abs=1)


@pytest.mark.parametrize("program", [["sox", "--i", "-s"], ["ffprobe", "-v", "error", "-show_streams"]])
def test_other_programs_read_it(tmp_path: Path, program: list[str]) -> None:
    if not shutil.which(program[0]):
        pytest.skip(f"{program[0]} is not installed")
    save(samples(np.sin(np.arange(8192))), 8000, tmp_path / "x.wav")
    told = subprocess.run([*program, str(tmp_path / "x.wav")], capture_output=True, text=True, check=True)
    assert "8192" in told.stdout
