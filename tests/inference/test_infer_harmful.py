"""Models built to harm `gan-infer`, each a change of a good one: refused in one line, in little memory."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pipeline.inference import Generator
from pipeline.inference.contract import opening

pytestmark = pytest.mark.slow  # a process each

ROOT = Path(__file__).parents[2]
EXPORTED = ROOT / "exported" / "cdcgan.onnx"


def long_z(model):
    """A z of a billion numbers, of which the graph uses the largest."""
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 999_999_999
    set_metadata(model, "z_dim", "999999999")
    nodes = [
        helper.make_node("ReduceMax", ["z"], ["top"], axes=[1], keepdims=1),
        helper.make_node("Concat", ["top"] * 6, ["six"], axis=1),
    ]
    for position, node in enumerate(nodes):
        model.graph.node.insert(position, node)
    model.graph.node[2].input[0] = "six"


def other_image_shape(model):
    """An image larger than what the graph makes."""
    dims = model.graph.output[0].type.tensor_type.shape.dim
    for dim, size in zip(dims[1:], (3, 60_000, 60_000), strict=True):
        dim.dim_value = size
    set_metadata(model, "image_shape", "[3, 60000, 60000]")


def set_metadata(model, key, value):
    next(item for item in model.metadata_props if item.key == key).value = value


def huge_dims(model):
    model.graph.initializer[0].dims[:] = [2**40, 2**20]


def negative_dims(model):
    model.graph.initializer[0].dims[:] = [-6, -20]


def fill_12_gigabytes(model):
    """A constant of 12 GB, in a few bytes of the file."""
    shape = helper.make_tensor("bomb_shape", TensorProto.INT64, [2], [3, 10**9])
    model.graph.initializer.append(shape)
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["bomb_shape"], ["bomb"]))
    model.graph.node.insert(1, helper.make_node("ReduceMax", ["bomb"], ["top"], keepdims=0))
    add_to_image(model, "top")


def expand_to_12_gigabytes(model):
    """The noise, made as large."""
    shape = helper.make_tensor("bomb_shape", TensorProto.INT64, [3], [5 * 10**8, 1, 1])
    model.graph.initializer.append(shape)
    model.graph.node.insert(0, helper.make_node("Expand", ["z", "bomb_shape"], ["bomb"]))
    model.graph.node.insert(1, helper.make_node("ReduceMax", ["bomb"], ["top"], keepdims=0))
    add_to_image(model, "top")


def add_to_image(model, name):
    """Make `image` depend on the scalar `name`."""
    model.graph.node[-1].output[0] = "before"
    model.graph.node.append(helper.make_node("Add", ["before", name], ["image"]))


def endless_loop(model):
    iteration = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    go_in = helper.make_tensor_value_info("go_in", TensorProto.BOOL, [])
    go_on = helper.make_tensor_value_info("go_on", TensorProto.BOOL, [])
    value = helper.make_tensor_value_info("value", TensorProto.FLOAT, [])
    grown = helper.make_tensor_value_info("grown", TensorProto.FLOAT, [])
    nodes = [
        helper.make_node("Identity", ["go_in"], ["go_on"]),
        helper.make_node("Add", ["value", "value"], ["grown"]),
    ]
    body = helper.make_graph(nodes, "body", [iteration, go_in, value], [go_on, grown])
    for name, kind, content in (("trips", TensorProto.INT64, 2**62), ("go", TensorProto.BOOL, True)):
        model.graph.initializer.append(helper.make_tensor(name, kind, [], [content]))
    model.graph.initializer.append(helper.make_tensor("start", TensorProto.FLOAT, [], [0.0]))
    model.graph.node.insert(0, helper.make_node("Loop", ["trips", "go", "start"], ["end"], body=body))
    add_to_image(model, "end")


def circle(model):
    model.graph.node[0].input[2] = "image"


def function_that_calls_itself(model):
    body = [helper.make_node("Again", ["x"], ["y"], domain="mine")]
    opsets = [helper.make_opsetid("mine", 1), helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("mine", "Again", ["x"], ["y"], body, opsets))
    model.opset_import.append(helper.make_opsetid("mine", 1))
    model.graph.node[-1].output[0] = "before"
    model.graph.node.append(helper.make_node("Again", ["before"], ["image"], domain="mine"))


def z_of_doubles(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE


def label_of_strings(model):
    model.graph.input[1].type.tensor_type.elem_type = TensorProto.STRING


def unknown_operator(model):
    model.graph.node[-1].op_type = "System"


HARMFUL = [
    long_z,
    other_image_shape,
    huge_dims,
    negative_dims,
    fill_12_gigabytes,
    expand_to_12_gigabytes,
    endless_loop,
    circle,
    function_that_calls_itself,
    z_of_doubles,
    label_of_strings,
    unknown_operator,
]
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


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak in /proc")
@pytest.mark.parametrize("harm", HARMFUL)
def test_a_file_built_to_harm_is_one_line(conditional, tmp_path, harm):
    model = onnx.load(conditional)
    harm(model)
    conditional.write_bytes(model.SerializeToString())
    arguments = ["--onnx", conditional, "--digit", "1", "--out", "out.png"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", PEAK, *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 2, result.stderr[-2000:]
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("gan-infer: ")
    assert not (tmp_path / "out.png").exists()
    assert int(result.stdout) < 2**20  # KiB


def test_memory_is_limited_while_a_file_is_open_and_only_then(conditional):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with opening.opened(conditional, "cpu"):
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        assert soft == opening.MEMORY + opening.MEMORY_A_FILE * conditional.stat().st_size
        assert hard == before[1]
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


@pytest.mark.parametrize("tag", [b"\x22", b"\xa2\x00", b"\xa2\x80\x80\x00"])
@pytest.mark.parametrize("length", [b"\x04", b"\x84\x00", b"\x84\x80\x00"])
def test_a_loop_is_found_however_it_is_encoded(tag, length):
    assert opening.LOOP.search(b"..." + tag + length + b"Loop...")
    assert not opening.LOOP.search(b"a tensor named Loop, a node named Scanner")


def test_the_shipped_generator_still_runs_under_the_limits():
    with opening.opened(EXPORTED, "cpu", what=Generator) as generator:
        images = generator.sample([5], [0])
    assert np.array_equal(images, Generator(EXPORTED, "cpu").sample([5], [0]))
