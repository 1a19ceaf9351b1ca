import io
import os
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.inference import Generator, cli
from pipeline.inference.contract import session

ROOT = Path(__file__).parents[2]
FASHION = ["T-shirt/top", "Trouser", "Pullover"]


def python(*arguments, **options):
    """Run Python in a fresh process, with the source tree importable."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], env=environment, capture_output=True, **options
    )


def pixels(picture):
    """Return a PNG's pixels (a path or bytes) as [H, W] or [H, W, 3]."""
    return np.asarray(Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture))


# Where the pictures go


def test_one_digit_has_a_name_of_its_own(gan_infer, conditional):
    assert gan_infer("--onnx", conditional, "--digit", 5) == (0, b"", ["wrote digit-5.png"])
    assert np.array_equal(pixels("digit-5.png"), Generator(conditional).sample([5], [0])[0, :, :, 0])


def test_label_is_the_same_option_and_takes_names(gan_infer, make_model):
    fashion = make_model("fashion.onnx", classes=FASHION, metadata={"dataset": "fashion_mnist"})
    assert gan_infer("--onnx", fashion, "--label", "trouser")[2] == ["wrote Trouser.png"]
    assert gan_infer("--onnx", fashion, "--digit", 0)[2] == ["wrote T-shirt-top.png"]
    assert sorted(os.listdir()) == ["T-shirt-top.png", "Trouser.png"]


def test_without_a_digit_every_class_is_drawn_once(gan_infer, conditional):
    assert gan_infer("--onnx", conditional)[2] == ["wrote tiny.png"]
    expected = Generator(conditional).sample(range(10), range(10))
    assert np.array_equal(pixels("tiny.png"), np.concatenate(list(expected[..., 0]), axis=1))


def test_classes_go_round(gan_infer, make_model):
    fashion = make_model(classes=FASHION)
    gan_infer("--onnx", fashion, "--count", 7, "--columns", 3, "--seed", 20, "--out", "s.png")
    expected = Generator(fashion).sample([0, 1, 2, 0, 1, 2, 0], range(20, 27))[..., 0]
    sheet = pixels("s.png")
    assert sheet.shape == (12, 15)
    assert np.array_equal(sheet[8:, :5], expected[6])
    assert np.array_equal(sheet[4:8, 10:], expected[5])
    assert not sheet[8:, 5:].any()


def test_an_unconditional_model_draws_one(gan_infer, unconditional):
    assert gan_infer("--onnx", unconditional)[2] == ["wrote plain.png"]
    assert np.array_equal(pixels("plain.png"), Generator(unconditional).sample(None, [0])[0])


def test_scale_enlarges(gan_infer, conditional):
    gan_infer("--onnx", conditional, "--digit", 3, "--scale", 4, "--out", "large.png")
    gan_infer("--onnx", conditional, "--digit", 3, "--out", "small.png")
    assert np.array_equal(pixels("large.png"), pixels("small.png").repeat(4, 0).repeat(4, 1))


@pytest.mark.parametrize("out", ["folder/", "there"])
def test_a_folder_gets_one_file_each(gan_infer, conditional, out):
    Path("there").mkdir()
    code, _, lines = gan_infer("--onnx", conditional, "--digit", 2, "--count", 3, "--seed", 7, "--out", out)
    folder = Path(out)
    assert code == 0
    assert lines == [f"wrote {folder}/digit-2-7.png to {folder}/digit-2-9.png, 3 pictures"]
    assert sorted(os.listdir(out)) == ["digit-2-7.png", "digit-2-8.png", "digit-2-9.png"]
    assert np.array_equal(
        pixels(folder / "digit-2-9.png"), Generator(conditional).sample([2], [9])[0, ..., 0]
    )


def test_a_pattern_gets_one_file_each(gan_infer, make_model):
    fashion = make_model(classes=FASHION)
    gan_infer("--onnx", fashion, "--count", 4, "--seed", 5, "--out", "{label}/{index}-{seed}.png")
    made = sorted(str(path) for path in Path().rglob("*.png"))
    assert made == ["Pullover/2-7.png", "T-shirt-top/0-5.png", "T-shirt-top/3-8.png", "Trouser/1-6.png"]


def test_stdout_gets_the_png_and_nothing_else(gan_infer, conditional):
    code, out, lines = gan_infer("--onnx", conditional, "--digit", 4, "--count", 2, "--out", "-")
    assert (code, lines, os.listdir()) == (0, [], [])
    assert pixels(out).shape == (4, 10)


def test_same_seed_same_bytes_whatever_the_count(gan_infer, conditional):
    gan_infer("--onnx", conditional, "--digit", 5, "--seed", 70, "--out", "one.png")
    gan_infer("--onnx", conditional, "--digit", 5, "--count", 90, "--out", "many/{seed}.png")
    gan_infer("--onnx", conditional, "--digit", 5, "--count", 2, "--seed", 69, "--out", "two/{seed}.png")
    assert Path("one.png").read_bytes() == Path("many/70.png").read_bytes() == Path("two/70.png").read_bytes()


# What is refused: one line, exit code 2, nothing written

LINES = {
    "missing file": (["--onnx", "none.onnx"], "none.onnx: no such file"),
    "folder": (["--onnx", "."], "a folder, not an ONNX file"),
    "no file given": ([], "Missing option '--onnx'. (see gan-infer --help)"),
    "digit": (["--onnx", "MODEL", "--digit", 10], "'10' is no class of tiny: say 0 to 9"),
    "negative digit": (["--onnx", "MODEL", "--digit", -1], "'-1' is no class of tiny: say 0 to 9"),
    "digit without classes": (["--onnx", "PLAIN", "--digit", 5], "plain (gan) was trained without labels"),
    "pattern without classes": (["--onnx", "PLAIN", "--out", "{label}.png"], "plain has no labels"),
    "count 0": (["--onnx", "MODEL", "--count", 0], "--count 0: say 1 to 100000"),
    "count 1e9": (["--onnx", "MODEL", "--count", 10**9], "--count 1000000000: say 1 to 100000"),
    "count word": (["--onnx", "MODEL", "--count", "many"], "Invalid value for '--count'"),
    "seed": (["--onnx", "MODEL", "--seed", -1], "seed -1: a seed is a whole number from 0"),
    "huge seed": (["--onnx", "MODEL", "--seed", 2**70], "a seed is a whole number from 0"),
    "columns": (["--onnx", "MODEL", "--columns", 0], "columns 0: say 1 or more"),
    "scale": (["--onnx", "MODEL", "--scale", 10**7], "pixels is too large"),
    "large sheet": (["--onnx", "MODEL", "--count", 10**5, "--scale", 10], "pixels is too large"),
    "device": (["--onnx", "MODEL", "--device", "tpu"], "device 'tpu': say auto, cpu or cuda"),
    "option": (["--onnx", "MODEL", "--digitt", 5], "--digitt"),
    "file last": (["--digit", 5, "MODEL"], "tiny.onnx: put the file first, gan-infer"),
    "ending": (["--onnx", "MODEL", "--out", "x.bmp"], "--out x.bmp: end it in .png, .jpg or .webp, or in /"),
    "one name": (
        ["--onnx", "MODEL", "--digit", 5, "--count", 2, "--out", "{label}.png"],
        "several pictures one name",
    ),
    "unwritable": (["--onnx", "MODEL", "--out", "MODEL/x.png"], "x.png: can't be written: Not a directory"),
    "unwritable folder": (["--onnx", "MODEL", "--out", "/proc/none/"], "can't be written"),
    "long name": (["--onnx", "MODEL", "--out", "x" * 300 + ".png"], "File name too long"),
}


@pytest.mark.parametrize(("arguments", "told"), LINES.values(), ids=LINES.keys())
def test_one_line_and_exit_code_2(gan_infer, conditional, unconditional, arguments, told):
    paths = {"MODEL": str(conditional), "PLAIN": str(unconditional)}
    arguments = [str(argument) for argument in arguments]
    for word, path in paths.items():
        arguments = [argument.replace(word, path) for argument in arguments]
    code, out, lines = gan_infer(*arguments)
    assert (code, out, os.listdir()) == (2, b"", [])
    assert len(lines) == 1
    assert lines[0].startswith("gan-infer: ")
    assert told in lines[0]


@pytest.mark.parametrize("content", [b"", b"<html>\nnot found\n</html>", b"\x08\x08\x12\x04abc"])
def test_a_file_that_is_no_model_is_one_line(gan_infer, tmp_path, content):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    code, out, lines = gan_infer("--onnx", path)
    assert (code, out, len(lines)) == (2, b"", 1)
    assert lines[0].startswith(f"gan-infer: {path}: ")


def test_hostile_metadata_can_not_break_the_line(gan_infer, make_model):
    code, _, lines = gan_infer("--onnx", make_model(metadata={"format": "x\n\x1b[31mred"}))
    assert (code, len(lines)) == (2, 1)
    assert "\x1b" not in lines[0]


def test_a_name_that_is_no_text_is_no_traceback(gan_infer, conditional):
    code, _, lines = gan_infer("--onnx", conditional, "--digit", 1, "--out", os.fsdecode(b"\xff.png"))
    assert (code, len(lines)) == (0, 1)
    assert os.listdir(b".") == [b"\xff.png"]


def test_two_runtimes_are_warned_about_and_it_goes_on(gan_infer, conditional, monkeypatch):
    monkeypatch.setattr(session, "both_runtimes_installed", lambda: True)
    code, _, lines = gan_infer("--onnx", conditional, "--digit", 5)
    assert code == 0
    assert lines == [
        "gan-infer: warning: onnxruntime and onnxruntime-gpu overwrite each other; uninstall one",
        "wrote digit-5.png",
    ]


# The command as a process


def test_help_teaches_by_example():
    result = CliRunner().invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    assert "gan-infer --onnx exported/cdcgan.onnx --digit 5\n" in result.stdout
    for option in (
        "--onnx",
        "--digit, --label",
        "--count",
        "--seed",
        "--out",
        "--columns",
        "--scale",
        "--device",
    ):
        assert option in result.stdout


def test_a_picture_does_without_the_commands(conditional, tmp_path):
    result = python("-c", RUN_AND_LIST, "--onnx", conditional, "--digit", "5", cwd=tmp_path, text=True)
    modules = set(result.stdout.partition("loaded:")[2].split())
    assert "pipeline.inference.output.drawing" in modules
    for module in ("cli.commands", "output.arrays", "output.terminal", "cli.verify", "contract.walks"):
        assert f"pipeline.inference.{module}" not in modules


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("gan-infer in", ["info", "invert", "inpaint", "interpolate"]),
        ("gan-infer --digi", ["--digit", "--digits"]),
        ("gan-infer sweep --di", ["--dimension", "--digit"]),
    ],
)
def test_the_shell_completes(tmp_path, monkeypatch, words, completed):
    monkeypatch.setenv("_GAN_INFER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    result = python("-m", "pipeline.inference.cli", cwd=tmp_path, text=True)
    assert (result.returncode, result.stdout.split(), result.stderr) == (0, completed, "")


@pytest.mark.parametrize("command", [["--help"], ["info", "FILE"], ["--onnx", "FILE", "--json"]])
def test_a_full_device_is_one_line(conditional, tmp_path, command):
    arguments = [str(conditional) if word == "FILE" else word for word in command]
    program = [sys.executable, "-m", "pipeline.inference.cli", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with open("/dev/full", "wb") as full:
        result = subprocess.run(program, env=environment, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE)
    assert (result.returncode, b"Traceback" in result.stderr) == (2, False)
    assert b"No space left on device" in result.stderr


def test_options_before_a_command_are_not_ignored(gan_infer, conditional):
    code, _, lines = gan_infer("--seed", 3, "grid", conditional)
    assert (code, lines) == (2, ["gan-infer: options of grid go after it: gan-infer grid FILE ..."])


def test_version(gan_infer):
    code, out, lines = gan_infer("--version")
    assert (code, lines) == (0, [])
    assert out.startswith(b"gan-infer ")


RUN_AND_LIST = """
import sys
from pipeline.inference import cli
try:
    cli.main(sys.argv[1:])
except SystemExit:
    print("loaded:", *sys.modules)
"""
NEEDED = {"numpy", "onnxruntime", "PIL"}


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], set()),
        (["interpolate", "--help"], set()),
        (["--onnx", "tiny.onnx", "--digit", "5"], NEEDED),
        (["--onnx", "tiny.onnx", "--digits", "2026", "--show"], NEEDED),
        (["info", "tiny.onnx", "--json"], {"numpy", "onnxruntime"}),
        (["verify", "tiny.onnx"], {"numpy", "onnxruntime"}),
        (["interpolate", "tiny.onnx", "--out", "x.webp"], NEEDED),
    ],
)
def test_nothing_is_imported_that_is_not_needed(conditional, tmp_path, arguments, needed):
    result = python("-c", RUN_AND_LIST, *arguments, cwd=tmp_path, text=True)
    modules = result.stdout.partition("loaded:")[2].split()
    packages = {module.partition(".")[0] for module in modules}
    assert packages & NEEDED == needed
    assert not packages & {"torch", "torchvision", "mlflow", "dvc", "onnx", "sklearn", "rich"}
    # Typer 0.29 imports it by itself; what is ours never does.
    assert "pydantic" not in packages or any(name.startswith("pydantic") for name in requires("typer"))
    own = [module for module in modules if module.startswith("pipeline.")]
    assert own
    allowed = ("pipeline.inference", "pipeline.kinds", "pipeline.fields")
    assert all(module.startswith(allowed) for module in own)


def test_the_module_runs_as_a_program(conditional, tmp_path):
    result = python(
        "-m", "pipeline.inference.cli", "--onnx", conditional, "--digit", 5, "--out", "-", cwd=tmp_path
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert pixels(result.stdout).shape == (4, 5)
    result = python(
        "-m", "pipeline.inference.cli", "--onnx", conditional, "--digit", 50, cwd=tmp_path, text=True
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "gan-infer: '50' is no class of tiny: say 0 to 9\n"


@pytest.mark.parametrize("command", ["--onnx", "info", "verify", "bench", "grid", "sweep"])
def test_without_a_runtime_the_extras_are_named(conditional, tmp_path, command):
    program = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "from pipeline.inference import cli; cli.main(sys.argv[1:])"
    )
    result = python("-c", program, command, conditional, cwd=tmp_path, text=True)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "gan-pipeline[cpu]" in result.stderr


def test_a_reader_that_went_away_is_one_line(conditional, tmp_path):
    command = (
        f"'{sys.executable}' -m pipeline.inference.cli --onnx '{conditional}' --scale 400 --out - | head -c 5"
    )
    shell = ["bash", "-o", "pipefail", "-c", command]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(shell, env=environment, cwd=tmp_path, capture_output=True)
    assert result.stdout == b"\x89PNG\r"
    assert result.returncode in (0, 2)  # 0 where the pipe took it all
    assert result.stderr.count(b"\n") == (1 if result.returncode else 0)
