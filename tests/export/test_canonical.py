"""The canonical form: the same computation whatever the exporter calls its tensors, or a refusal."""

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from pipeline.export.canonical import canonical


def model_of(names: tuple[str, str, str, str], operator: str = "Relu", domain: str = "") -> ModelProto:
    """relu(z w + b) as an exporter writes it: its own names, annotations, opset and order of weights."""
    weight, bias, product, total = names
    weights = [
        numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3) - 2, weight),
        numpy_helper.from_array(np.array([1, -2, 3], np.float32), bias),
    ]
    nodes = [
        helper.make_node("MatMul", ["z", weight], [product], name=f"node of {product}"),
        helper.make_node("Add", [product, bias], [total], doc_string="/home/me/model.py:7"),
        helper.make_node(operator, [total], ["image"], domain=domain),
    ]
    z = helper.make_tensor_value_info("z", TensorProto.FLOAT, ["s0", 2])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["s0", 3])
    graph = helper.make_graph(nodes, "main_graph", [z], [image], weights, doc_string="stack trace")
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_names_and_annotations_of_the_exporter_do_not_matter() -> None:
    one, other = (canonical(model_of(names)) for names in (("w", "b", "p", "t"), ("b", "w", "x", "y")))
    assert one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)
    onnx.checker.check_model(one, full_check=True)
    assert (one.ir_version, one.opset_import[0].version) == (8, 17)
    assert b"home" not in one.SerializeToString()
    assert [value.name for value in (*one.graph.input, *one.graph.output)] == ["z", "image"]
    for value in (*one.graph.input, *one.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "N"
    inner = {name for node in one.graph.node for name in (*node.input, *node.output)} - {"z", "image"}
    assert inner == {"t000", "t001", "t002", "t003"}


def test_it_computes_the_same() -> None:
    model, z = model_of(("w", "b", "p", "t")), np.array([[1, 2], [-3, 0.5]], np.float32)
    (expected,) = ReferenceEvaluator(model).run(None, {"z": z})
    (found,) = ReferenceEvaluator(canonical(model)).run(None, {"z": z})
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(("operator", "domain"), [("Erf", ""), ("Relu", "com.example")])
def test_what_not_every_runtime_takes_is_named(operator: str, domain: str) -> None:
    with pytest.raises(ValueError, match=f"operators that not every runtime takes: {operator}$"):
        canonical(model_of(("w", "b", "p", "t"), operator, domain))


def padded(**more: list[int]) -> ModelProto:
    """x [N, 3] with a column on each side, as opset 18 has it; `more` are the axes."""
    constants = {"pads": [0, 1, 0, 1]} | more
    inputs = ["x", "pads", *([""] if more else []), *more]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", None]) for name in ("x", "y"))
    weights = [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()]
    graph = helper.make_graph([helper.make_node("Pad", inputs, ["y"])], "padded", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def test_pad_is_taken_without_axes_which_opset_17_does_not_have() -> None:
    onnx.checker.check_model(canonical(padded()), full_check=True)
    with pytest.raises(ValueError, match="operators that not every runtime takes: Pad"):
        canonical(padded(axes=[0, 1]))
