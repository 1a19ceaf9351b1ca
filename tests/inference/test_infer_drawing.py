import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.inference import Generator

ROOT = Path(__file__).parents[2]
FASHION = ["T-shirt/top", "Trouser", "Pullover"]


def pixels(path):
    return np.asarray(Image.open(path))


def side_by_side(images):
    return np.concatenate(list(images[..., 0]), axis=1)


# A number


def test_a_number_is_drawn_side_by_side(gan_infer, conditional):
    assert gan_infer("--onnx", conditional, "--digits", "2026", "--seed", 3)[2] == ["wrote digits-2026.png"]
    expected = Generator(conditional).sample([2, 0, 2, 6], [3, 4, 5, 6])
    assert np.array_equal(pixels("digits-2026.png"), side_by_side(expected))


def test_a_long_number_stays_in_one_row_unless_told(gan_infer, conditional):
    number = "31415926535897"
    gan_infer("--onnx", conditional, "--digits", number, "--out", "row.png")
    gan_infer("--onnx", conditional, "--digits", number, "--out", "rows.png", "--columns", 7)
    assert pixels("row.png").shape == (4, 5 * 14)
    assert pixels("rows.png").shape == (8, 5 * 7)


def test_class_is_the_same_option_as_digit(gan_infer, make_model):
    fashion = make_model(classes=FASHION, metadata={"dataset": "fashion_mnist"})
    assert gan_infer("--onnx", fashion, "--class", "Trouser")[2] == ["wrote Trouser.png"]


# Arrays


def test_npy_holds_the_images(gan_infer, conditional):
    code, _, lines = gan_infer("--onnx", conditional, "--count", 150, "--seed", 5, "--out", "all.npy")
    assert (code, lines, os.listdir()) == (0, ["wrote all.npy"], ["all.npy"])
    expected = Generator(conditional).sample(np.arange(150) % 10, range(5, 155))
    assert np.array_equal(np.load("all.npy", mmap_mode="r"), expected)


def test_npz_holds_labels_and_seeds_too(gan_infer, conditional, unconditional):
    gan_infer("--onnx", conditional, "--count", 70, "--seed", 5, "--out", "all.NPZ")
    with np.load("all.NPZ", allow_pickle=False) as arrays:
        assert sorted(arrays) == ["images", "labels", "seeds"]
        assert np.array_equal(arrays["labels"], np.arange(70) % 10)
        assert np.array_equal(arrays["seeds"], np.arange(5, 75))
        assert np.array_equal(arrays["images"], Generator(conditional).sample(arrays["labels"], range(5, 75)))
    gan_infer("--onnx", unconditional, "--count", 3, "--out", "plain.npz")
    with np.load("plain.npz") as arrays:
        assert sorted(arrays) == ["images", "seeds"]


@pytest.mark.parametrize("out", ["x.npy", "x.npz", "x.webp"])
def test_the_same_bytes_again(gan_infer, conditional, out):
    ask = ["interpolate", conditional] if out.endswith("webp") else ["--onnx", conditional, "--count", 66]
    gan_infer(*ask, "--out", out)
    first = Path(out).read_bytes()
    assert gan_infer(*ask, "--out", out, "--force")[0] == 0
    assert Path(out).read_bytes() == first


@pytest.mark.parametrize("out", ["x.npy", "x.npz", "x.gif", "labels.csv"])
def test_a_failure_leaves_the_old_file(gan_infer, conditional, monkeypatch, out):
    Path(out).write_text("old")

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    ask = {
        "x.gif": ["interpolate", conditional, "--out", out, "--force"],
        "labels.csv": ["--onnx", conditional, "--out", "-", "--labels", out],
    }.get(out, ["--onnx", conditional, "--out", out, "--force"])
    code, _, lines = gan_infer(*ask)
    assert (code, lines) == (2, [f"gan-infer: {out}: can't be written: No space left on device"])
    assert (os.listdir(), Path(out).read_text()) == ([out], "old")


# the peak of this program alone: ru_maxrss also counts what the process had that started it
PEAK = """
import sys
from pathlib import Path
from pipeline.inference import cli
try:
    cli.main(sys.argv[1:])
finally:
    print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak in /proc")
@pytest.mark.parametrize("out", ["x.npy", "x.npz"])
def test_memory_stays_flat(tmp_path, make_model, out):
    model = make_model(shape=(1, 64, 64))

    def peak(count):
        command = [
            sys.executable,
            "-c",
            PEAK,
            "--onnx",
            model,
            "--count",
            str(count),
            "--out",
            out,
            "--force",
        ]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
        return int(result.stdout) / 1024

    few, many = peak(100), peak(20_000)
    assert many < few + 16  # MiB; the images are 78


# Labels and JSON


def test_labels_are_listed_beside_the_files(gan_infer, make_model):
    fashion = make_model(classes=FASHION)
    lines = gan_infer("--onnx", fashion, "--count", 4, "--seed", 7, "--out", "all/", "--labels", "all/l.csv")[
        2
    ]
    assert lines[1] == "wrote all/l.csv"
    with open("all/l.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["seed"], row["label"], row["class"]) for row in rows] == [
        ("7", "0", "T-shirt/top"),
        ("8", "1", "Trouser"),
        ("9", "2", "Pullover"),
        ("10", "0", "T-shirt/top"),
    ]
    for row in rows:
        expected = Generator(fashion).sample([int(row["label"])], [int(row["seed"])])
        assert np.array_equal(pixels(row["file"]), expected[0, :, :, 0])


def test_labels_of_an_array_say_which_row(gan_infer, unconditional):
    gan_infer("--onnx", unconditional, "--count", 3, "--out", "x.npy", "--labels", "l.csv")
    assert Path("l.csv").read_text() == (
        "file,index,seed,label,class\nx.npy,0,0,,\nx.npy,1,1,,\nx.npy,2,2,,\n"
    )


def test_json_says_what_was_drawn(gan_infer, conditional):
    code, out, lines = gan_infer("--onnx", conditional, "--digit", 5, "--count", 2, "--seed", 9, "--json")
    assert (code, lines) == (0, ["wrote digit-5.png"])
    told = {"file": "digit-5.png", "label": 5, "class": "5"}
    assert json.loads(out) == {
        "model": "tiny",
        "pictures": [told | {"index": 0, "seed": 9}, told | {"index": 1, "seed": 10}],
    }


# In the terminal


def test_show_writes_no_file(gan_infer, conditional):
    code, out, lines = gan_infer("--onnx", conditional, "--digit", 5, "--show")
    assert (code, lines, os.listdir()) == (0, [], [])
    assert out.decode().count("▀") == 2 * 5


def test_show_and_out_do_both(gan_infer, conditional):
    _, out, lines = gan_infer("--onnx", conditional, "--digit", 5, "--show", "--out", "x.png")
    assert (lines, os.listdir()) == (["wrote x.png"], ["x.png"])
    assert "▀" in out.decode()


def test_no_bar_where_stderr_is_no_terminal(gan_infer, conditional):
    assert gan_infer("--onnx", conditional, "--count", 300, "--out", "x.npy")[2] == ["wrote x.npy"]


def test_a_bar_where_stderr_is_a_terminal(gan_infer, conditional, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    gan_infer("--onnx", conditional, "--count", 300, "--out", "x.npy")
    assert "100%" in stderr.getvalue()


# What is refused

LINES = {
    "digits and digit": (["--digits", 20, "--digit", 2], "leave --digit and --count out"),
    "digits and count": (["--digits", 20, "--count", 2], "leave --digit and --count out"),
    "no digits": (["--digits", ""], "--digits is empty: say a number, such as 2026"),
    "no number": (["--digits", "20x6"], "'x' is no class of tiny: say 0 to 9"),
    "show and json": (["--show", "--json"], "--show and --json each write to stdout: choose one"),
    "json and stdout": (["--json", "--out", "-"], "--json and --out - each write to stdout"),
    "show a folder": (["--show", "--out", "x/"], "--show: is for one picture or no file, not for --out x/"),
    "show an array": (["--show", "--out", "x.npz"], "not for --out x.npz"),
    "scaled array": (["--scale", 2, "--out", "x.npy"], "--scale 2: is for pictures"),
    "labels": (["--labels", "x.txt"], "--labels x.txt: end it in .csv"),
    "unwritable array": (["--out", "/proc/none/x.npy"], "/proc/none/x.npy: can't be written"),
}


@pytest.mark.parametrize(("arguments", "told"), LINES.values(), ids=LINES.keys())
def test_one_line_and_nothing_written(gan_infer, conditional, arguments, told):
    code, out, lines = gan_infer("--onnx", conditional, *arguments)
    assert (code, out, os.listdir(), len(lines)) == (2, b"", [], 1)
    assert told in lines[0]


def test_digits_need_classes(gan_infer, unconditional):
    code, _, lines = gan_infer("--onnx", unconditional, "--digits", 12)
    assert (code, len(lines)) == (2, 1)
    assert "plain (gan) was trained without labels" in lines[0]
