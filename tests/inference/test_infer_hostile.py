"""Files and arguments made to break `gan-infer`: it ends in one line, reads no other file, and stays small.

Tried each time: 560 damaged files (60 of them of the generator that ships), 60 sets of metadata, 60 sets
of things beside a file, 120 command lines. GAN_FUZZ=10 tries others, ten times as many. Models built to
harm are in test_infer_harmful.py.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from pipeline.inference.contract.format_1 import KEYS

pytestmark = pytest.mark.slow  # hundreds of files each

ROOT = Path(__file__).parents[2]
EXPORTED = ROOT / "exported" / "cdcgan.onnx"
SAME_FOLDER = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
TIMES = int(os.environ.get("GAN_FUZZ", "1"))

# Runs each file of a folder through a command, in one process: exit codes are 0 or 2 (1 where a check of
# `verify` fails), and what is told of a refused file is one line.
RUN_ALL = """
import collections, contextlib, io, json, os, pathlib, sys
from pipeline.inference import cli
codes = collections.Counter()
for number, path in enumerate(sorted(pathlib.Path(sys.argv[1]).iterdir())):
    draw = ["--onnx", path, "--digit", "1", "--out", "out.png"]
    command = (draw, ["info", path], ["verify", path, "--json"])[number % 3]
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr):
        try:
            cli.main([str(word) for word in command])
        except SystemExit as end:
            code = end.code or 0
    lines = stderr.getvalue().splitlines()
    assert code in ((0, 1, 2) if command[0] == "verify" else (0, 2)), (path, code)
    assert len(lines) == 1 if code == 2 else len(lines) <= 1, (path, lines)
    assert all(line.isprintable() for line in lines), (path, lines)
    codes[code] += 1
print(json.dumps(codes), file=sys.stderr)
"""


def run_all(folder, tmp_path):
    """Return how many of the folder's files ended in each exit code."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"}
    command = [sys.executable, "-c", RUN_ALL, str(folder)]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    return {int(code): count for code, count in json.loads(result.stderr.splitlines()[-1]).items()}


def damaged(data, dice):
    """Return `data` cut short, or with one to four bytes changed, lost or put in."""
    if dice.random() < 0.1:
        return data[: dice.randrange(len(data))]
    changed = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 4])):
        position = dice.randrange(len(changed))
        kind = dice.random()
        if kind < 0.3:
            changed[position] ^= 1 << dice.randrange(8)
        elif kind < 0.6:
            changed[position] = dice.choice([0, 1, 8, 0x7F, 0x80, 0xFF])
        elif kind < 0.8:
            del changed[position : position + dice.randrange(1, 20)]
        else:
            changed[position:position] = dice.randbytes(dice.randrange(1, 8))
    return bytes(changed)


def fuzz(source, count, tmp_path):
    folder = tmp_path / "damaged"
    folder.mkdir()
    data, dice = source.read_bytes(), random.Random(count)
    for number in range(count):
        (folder / f"{number}.onnx").write_bytes(damaged(data, dice))
    codes = run_all(folder, tmp_path)
    assert sum(codes.values()) == count
    assert codes[2] > count / 5  # the damage is seen


# the same files at every run: more of them come with GAN_FUZZ=10, say
def test_damaged_files(conditional, tmp_path):
    fuzz(conditional, 500 * TIMES, tmp_path)


def test_the_shipped_generator_damaged(tmp_path):
    fuzz(EXPORTED, 60 * TIMES, tmp_path)


# Other files


def pipe(path):
    """Make a pipe nobody writes to: whoever opens it to read waits for ever."""
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("where", ["absolute", "above", "beside", "padded"])
def test_weights_elsewhere_are_not_opened(gan_infer, conditional, tmp_path, where):
    trap = pipe(tmp_path / "weights.bin")
    location = {"absolute": str(trap), "above": "../../" + trap.relative_to(tmp_path.parents[1]).as_posix()}
    model = onnx.load(conditional)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location.get(where, trap.name))
    data = model.SerializeToString()
    if where == "padded":  # the key's length as two bytes; the entry and all around it grow by one
        del model.graph.initializer[1:]
        data = model.SerializeToString().replace(b"\x0a\x08location", b"\x0a\x88\x00location")
    conditional.write_bytes(data)
    code, _, lines = gan_infer("--onnx", conditional, "--digit", 1)
    assert (code, len(lines)) == (2, 1)
    assert "keeps weights in another file" in lines[0]


def test_links_pipes_and_devices(gan_infer, tmp_path):
    (tmp_path / "a.onnx").symlink_to(tmp_path / "b.onnx")
    (tmp_path / "b.onnx").symlink_to(tmp_path / "a.onnx")
    for path in (tmp_path / "a.onnx", pipe(tmp_path / "pipe.onnx"), "/dev/zero", "/proc/self/mem", "\udcff"):
        for command in (["--onnx", path], ["info", path], ["verify", path], ["bench", path]):
            code, _, lines = gan_infer(*command)
            assert (code, len(lines)) == (2, 1)


def test_what_lies_beside_a_file_may_be_no_file(gan_infer, conditional):
    folder = conditional.with_suffix("")
    (folder / "test_data_set_0").mkdir(parents=True)
    pipe(folder / "test_data_set_0" / "output_0.pb")
    pipe(folder / "SHA256SUMS")
    pipe(conditional.with_suffix(".json"))
    code, out, lines = gan_infer("verify", conditional)
    assert (code, lines, out.count(b"not a regular file")) == (1, [], 3)


# What is read beside the file, the metadata, the command line

TEXT = st.text(max_size=30)
JSON = st.recursive(
    st.none() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)
)


@given(
    st.binary(max_size=40)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(["format", *KEYS]), JSON).map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=80) | TEXT.map(lambda name: f"{'0' * 64}  {name}\n".encode()),
    st.binary(max_size=40),
)
@settings(max_examples=60 * TIMES, deadline=None, suppress_health_check=SAME_FOLDER)
def test_anything_may_lie_beside_a_file(gan_infer, conditional, description, sums, vector):
    folder = conditional.with_suffix("") / "test_data_set_0"
    folder.mkdir(parents=True, exist_ok=True)
    conditional.with_suffix(".json").write_bytes(description)
    (folder.parent / "SHA256SUMS").write_bytes(sums)
    for name in ("input_0.pb", "input_1.pb", "output_0.pb"):
        (folder / name).write_bytes(vector)
    code, out, lines = gan_infer("verify", conditional)
    assert (code, lines) == (1, [])
    assert len(out.splitlines()) == 6
    assert out.decode().replace("\n", "").isprintable()


def test_deep_json_beside_a_file(gan_infer, conditional):
    conditional.with_suffix(".json").write_text("[" * 200_000)
    code, out, _ = gan_infer("verify", conditional)
    assert (code, b"tiny.json: not JSON" in out) == (1, True)


@given(st.dictionaries(st.sampled_from(["format", *KEYS, "x"]), st.text(max_size=20) | JSON.map(json.dumps)))
@settings(max_examples=60 * TIMES, deadline=None, suppress_health_check=SAME_FOLDER)
def test_any_metadata(gan_infer, make_model, metadata):
    path = make_model(metadata=metadata)
    code, out, lines = gan_infer("info", path)
    assert code in (0, 2)
    assert len(lines) == (1 if code else 0)
    assert out.decode().replace("\n", "").isprintable()
    assert all(line.isprintable() for line in lines)


OPTIONS = [
    *("--onnx", "--digit", "--digits", "--label", "--class", "--count", "--seed", "--out", "--labels"),
    *("--columns", "--scale", "--show", "--json", "--device", "--version", "--to-digit", "--to-seed"),
    *("--steps", "--rows", "--dimension", "--seconds", "--nonsense", "-x", "--help"),
]
COMMANDS = ["info", "verify", "grid", "interpolate", "sweep", "nonsense"]
# No "/": whatever is drawn is written in the working folder.
WORDS = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=8)
VALUES = st.sampled_from(
    ["MODEL", "-1", "0", "3", "12", "1e3", "x.png", "x.gif", "x.npz", "l.csv", "-", "nan", ""]
)
BIG = st.integers(min_value=2**31).map(str)


@given(st.lists(st.sampled_from(OPTIONS) | st.sampled_from(COMMANDS) | VALUES | WORDS | BIG, max_size=8))
@settings(max_examples=60 * TIMES, deadline=None, suppress_health_check=SAME_FOLDER)
def test_any_arguments(gan_infer, conditional, arguments):
    arguments = [str(conditional) if word == "MODEL" else word for word in arguments]
    code, _, lines = gan_infer(*arguments)
    assert code in (0, 2)
    if code:
        assert len(lines) == 1
        assert lines[0].startswith("gan-infer: ")


@given(
    st.sampled_from([[], ["grid"], ["interpolate"], ["sweep"]]),
    st.lists(
        st.tuples(st.sampled_from([word for word in OPTIONS if word != "--onnx"]), VALUES | WORDS | BIG),
        max_size=4,
    ),
)
@settings(max_examples=60 * TIMES, deadline=None, suppress_health_check=SAME_FOLDER)
def test_any_options_of_a_good_file(gan_infer, conditional, command, options):
    start = [*command, conditional] if command else ["--onnx", conditional]
    code, _, lines = gan_infer(*start, *(f"{name}={value}" for name, value in options))
    assert code in (0, 2)
    if code:
        assert len(lines) == 1
