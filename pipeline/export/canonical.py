"""The exporter's model rewritten so that old runtimes open it and its bytes depend on the weights alone.

torch's exporter writes opset 18 or newer and IR 10 whatever is asked for, and stack traces with absolute
paths. The operators of these networks mean the same at opset 17 and IR 8, which ONNX Runtime 1.16 takes.
"""

from collections.abc import Mapping, Set

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
# Those whose definition is the same at opset 17 and at the opset that the exporter writes, and that the eight
# runtimes of docs/deploying.md take.
PORTABLE = {
    *("Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Conv", "ConvTranspose"),
    *("DepthToSpace", "Div", "Gather", "Gemm", "Greater", "InstanceNormalization", "LeakyRelu", "MatMul"),
    *("Mul", "PRelu", "Pad", "Relu", "Reshape", "Sigmoid", "Slice", "Softmax", "Softplus", "Sqrt"),
    *("Sub", "Tanh", "Transpose", "Where"),
}


def canonical(model: ModelProto, operators: Set[str] = PORTABLE) -> ModelProto:
    """Return a model with the same computation, names by position, and no annotations.

    ValueError names an operator that is not among the `operators`.
    """
    graph = model.graph
    strangers = sorted({node.op_type for node in graph.node if not _is_portable(node, operators)})
    if strangers:
        raise ValueError(f"operators that not every runtime takes: {', '.join(strangers)}")
    names = _names(graph)
    nodes = [_node(node, index, names) for index, node in enumerate(graph.node)]
    weights = [
        # encoded afresh: the exporter's own encoding varies with how a tensor was stored
        numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(weight)), names[weight.name])
        for weight in graph.initializer
    ]
    bare = helper.make_graph(
        nodes, "generator", [_value(i) for i in graph.input], [_value(o) for o in graph.output]
    )
    bare.initializer.extend(sorted(weights, key=lambda weight: weight.name))
    return portable_model(bare)


def portable_model(graph: onnx.GraphProto) -> ModelProto:
    """A model of the opset and IR version that old runtimes open."""
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(
        graph, producer_name="gan-pipeline", ir_version=IR_VERSION, opset_imports=[opset]
    )


def _is_portable(node: NodeProto, operators: Set[str]) -> bool:
    """Of Pad without axes, its fourth input, which opset 18 brought."""
    has_axes = node.op_type == "Pad" and len(node.input) == 4
    return node.op_type in operators and not node.domain and not has_axes


def _names(graph: onnx.GraphProto) -> dict[str, str]:
    """Old name -> new name: inputs and outputs keep theirs, all else is numbered by position."""
    kept = [value.name for value in (*graph.input, *graph.output)]
    names = {name: name for name in kept} | {"": ""}
    for node in graph.node:
        for name in (*node.input, *node.output):
            names.setdefault(name, f"t{len(names) - len(kept) - 1:03d}")
    return names


def _node(node: NodeProto, index: int, names: Mapping[str, str]) -> NodeProto:
    inputs, outputs = ([names[name] for name in side] for side in (node.input, node.output))
    bare = helper.make_node(node.op_type, inputs, outputs, f"{index:03d}_{node.op_type}")
    bare.attribute.extend(sorted(node.attribute, key=lambda attribute: attribute.name))
    for attribute in bare.attribute:
        attribute.doc_string = ""
    return bare


def _value(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    """The same name, type and shape; the batch is called N."""
    tensor = value.type.tensor_type
    sides = [side.dim_value or "N" for side in tensor.shape.dim]
    return helper.make_tensor_value_info(value.name, tensor.elem_type, sides)
