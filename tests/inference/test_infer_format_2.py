"""Metadata of format 2: read as it is, and each damage told in one line."""

import copy
import json

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.fields import Field
from pipeline.inference import Generator, Network
from pipeline.inference.contract.format_2 import KEYS
from pipeline.inference.contract.metadata import parse_metadata
from pipeline.inference.errors import InferenceError

LATENT = {"kind": "latent", "shape": [6], "about": {"distribution": "normal"}}
IMAGE = {"kind": "image", "shape": [1, 8, 8], "about": {"range": [-1, 1]}}
GOOD = {
    "inputs": {
        "z": LATENT,
        "category": {"kind": "category", "shape": [], "about": {"count": 10}},
        "code": {"kind": "code", "shape": [2], "about": {"low": -1.0, "high": 1.0}},
    },
    "outputs": {"image": IMAGE},
}


def test_a_file_says_its_fields(make_network):
    about = Network(make_network("infogan")).description
    assert about.format == "gan-pipeline/2"
    assert about.inputs["code"] == Field("code", (2,), {"low": -1.0, "high": 1.0})
    assert list(about.inputs) == ["z", "category", "code"]
    assert (about.z_dim, about.latent, about.classes, about.image_shape) == (6, "normal", (), (1, 8, 8))


def test_a_format_1_file_has_the_fields_z_label_and_image(conditional, unconditional):
    about = Generator(conditional).description
    assert about.inputs == {
        "z": Field("latent", (6,), {"distribution": "normal"}),
        "label": Field("label", (), {"classes": list("0123456789")}),
    }
    assert about.outputs == {"image": Field("image", (1, 4, 5), {"range": [-1, 1]})}
    assert list(Generator(unconditional).description.inputs) == ["z"]


@pytest.mark.parametrize("key", ["format", *KEYS])
def test_a_missing_key_is_named(make_network, key):
    path = make_network("infogan", metadata={key: None})
    with pytest.raises(InferenceError, match=f"{path}: .*{key}"):
        Network(path)


def test_a_file_of_a_later_format_is_refused_by_the_name_of_its_format(gan_infer, make_network):
    code, _, lines = gan_infer(make_network("infogan", metadata={"format": "gan-pipeline/3"}))
    assert (code, len(lines)) == (2, 1)
    assert "say format 'gan-pipeline/3', not 'gan-pipeline/1' or 'gan-pipeline/2'" in lines[0]


WHOLE = {
    "no JSON": ("{", "no JSON object of inputs and outputs"),
    "a list": ([], "no JSON object of inputs and outputs"),
    "deep": ("[" * 100_000, "no JSON object of inputs and outputs"),
    "outputs missing": ({"inputs": GOOD["inputs"]}, "no JSON object of inputs and outputs"),
    "a third side": (GOOD | {"more": {}}, "no JSON object of inputs and outputs"),
    "inputs a list": (GOOD | {"inputs": []}, "inputs is no JSON object of one field or more"),
    "no outputs": (GOOD | {"outputs": {}}, "outputs is no JSON object of one field or more"),
    "a name": (GOOD | {"inputs": {"a=b": LATENT}}, "input 'a=b' has characters of no name"),
    "another order": (
        GOOD | {"inputs": dict(reversed(GOOD["inputs"].items()))},
        "its inputs are z, category, code; expected code, category, z",
    ),
    "one less": (GOOD | {"inputs": {"z": LATENT}}, "its inputs are z, category, code; expected z"),
    "another output": (GOOD | {"outputs": {"picture": IMAGE}}, "its outputs are image; expected picture"),
}


@pytest.mark.parametrize(("fields", "told"), WHOLE.values(), ids=WHOLE.keys())
def test_damaged_fields_are_one_line(gan_infer, make_network, fields, told):
    text = fields if isinstance(fields, str) else json.dumps(fields)
    code, _, lines = gan_infer(make_network("infogan", metadata={"fields": text}))
    assert (code, len(lines)) == (2, 1)
    assert told in lines[0]


def field(kind, shape, **about):
    return {"kind": kind, "shape": shape, "about": about}


NAMES = ["a", "a"]
ENTRIES = {
    "no object": ("z", 7, "no JSON object of kind, shape and about"),
    "no kind": ("z", {"shape": [6]}, "no JSON object of kind, shape and about"),
    "more": ("z", LATENT | {"more": 1}, "no JSON object of kind, shape and about"),
    "unknown kind": (
        "z",
        LATENT | {"kind": "smell"},
        "input 'z': kind 'smell': known are box, category, code",
    ),
    "a path as kind": ("z", LATENT | {"kind": "shared.noise"}, "kind 'shared.noise': known are"),
    "kind no text": ("z", LATENT | {"kind": 3}, "kind is no name"),
    "shape no list": ("z", LATENT | {"shape": 6}, "shape no list"),
    "about no object": ("z", LATENT | {"about": []}, "about no object"),
    "of no text": ("z", field("latent", [6], of=3), "'of' is 3"),
    "two sides": ("z", LATENT | {"shape": [6, 6]}, "shape is [6, 6]: not [n]"),
    "a side of 0": ("z", LATENT | {"shape": [0]}, "shape is [0]: not [n]"),
    "half a side": ("z", LATENT | {"shape": [6.5]}, "shape is [6.5]: not [n]"),
    "a true side": ("code", field("code", [True], low=0, high=1), "shape is [True]: not [n]"),
    "another side": (
        "z",
        LATENT | {"shape": [7]},
        "tensor(float) [N, 6]; its metadata say tensor(float) [N, 7]",
    ),
    "distribution": ("z", field("latent", [6], distribution="cauchy"), "known is normal or uniform"),
    "no distribution": ("z", field("latent", [6]), "'distribution' is None"),
    "count 0": ("category", field("category", [], count=0), "'count' is 0"),
    "count beyond the noise": ("category", field("category", [], count=4097), "1 to 4096"),
    "a category with a side": ("category", field("category", [1], count=3), "not []"),
    "a float for a category": ("category", LATENT, "'category' is tensor(int64) [N]"),
    "low at high": ("code", field("code", [2], low=1, high=1), "not two numbers that ascend"),
    "low is none": ("code", field("code", [2], low=float("nan"), high=1), "not two numbers"),
    "low is missing": ("code", field("code", [2], high=1), "'low' and 'high' are None and 1"),
    "no classes": ("category", field("label", []), "'classes' is no list of class names"),
    "a class twice": ("category", field("label", [], classes=NAMES), "names one twice"),
    "an escape": ("category", field("label", [], classes=["\x1b[31m"]), "no list of class names"),
    "no vocabulary": ("category", field("text", [4]), "'vocabulary' is no list of words in small letters"),
    "two words in one": ("category", field("text", [4], vocabulary=["top left"]), "no list of words"),
    "a large letter": ("category", field("text", [4], vocabulary=["Red"]), "no list of words"),
    "a word twice": ("category", field("text", [4], vocabulary=["a", "a"]), "'vocabulary' names one twice"),
    "a word to exchange that is none": (
        "category",
        field("text", [4], vocabulary=["red"], alternatives=[[["red"], ["green"]]]),
        "'alternatives' is no list of groups",
    ),
    "image of two": ("image", IMAGE | {"shape": [1, 8]}, "shape is [1, 8]: not [C, H, W]"),
    "two channels": ("image", IMAGE | {"shape": [2, 8, 8]}, "C = 1 or 3"),
    "range": ("image", field("image", [1, 8, 8], range=[0, 255]), "'range' is [0, 255]"),
    "probabilities": ("image", field("probabilities", [3], classes=["a"]), "shape is [3] for 1 classes"),
}


@pytest.mark.parametrize(("name", "entry", "told"), ENTRIES.values(), ids=ENTRIES.keys())
def test_a_damaged_field_is_one_line_that_names_it(gan_infer, make_network, name, entry, told):
    fields = copy.deepcopy(GOOD)
    fields["outputs" if name == "image" else "inputs"][name] = entry
    code, _, lines = gan_infer(make_network("infogan", fields))
    assert (code, len(lines)) == (2, 1)
    assert f"'{name}'" in lines[0]
    assert told in lines[0]


def test_a_fixed_batch_is_refused(make_network):
    path = make_network("infogan")
    model = onnx.load(path)
    model.graph.input[2].type.tensor_type.shape.dim[0].dim_value = 1
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InferenceError, match=r"'code' is tensor\(float\) \[1, 2\]; its metadata say"):
        Network(path)


def test_more_noise_than_is_drawn_in_a_moment_is_refused(gan_infer, make_network):
    fields = copy.deepcopy(GOOD)
    fields["inputs"]["z"]["shape"] = [2**16]
    path = make_network("infogan", fields)
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2**16
    del model.graph.node[:2]
    model.graph.node.insert(0, onnx.helper.make_node("MatMul", ["code", "w2"], ["hidden"]))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((2, 64), np.float32), "w2"))
    path.write_bytes(model.SerializeToString())
    code, _, lines = gan_infer(path)
    assert (code, len(lines)) == (2, 1)
    assert "draws 65539 numbers a row, more than 65536" in lines[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["latent", "code", "category", "label", "image", "probabilities", "text"])
SAID = st.sampled_from(["distribution", "low", "high", "count", "classes", "range", "vocabulary"])
ABOUT = st.dictionaries(SAID, JSON)
ENTRY = st.fixed_dictionaries({"kind": KINDS, "shape": JSON}, optional={"about": ABOUT})


@given(JSON | ENTRY)
@settings(max_examples=150, deadline=None)
def test_any_entry_is_taken_or_refused_in_one_line(entry):
    metadata = dict.fromkeys(KEYS, "x") | {"format": "gan-pipeline/2"}
    fields = {"inputs": {"z": entry}, "outputs": {"image": IMAGE}}
    problem = ""
    try:
        assert parse_metadata(metadata | {"fields": json.dumps(fields)}).inputs
    except InferenceError as error:
        problem = str(error)
    assert problem.isprintable()
