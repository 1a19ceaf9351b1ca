"""What multiplies an input of a graph first: the weights of its linear layers, read from the ONNX file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.inference.contract.protobuf import BROKEN, read_fields
from pipeline.inference.contract.session import read_model
from pipeline.inference.contract.tensors import parse_tensor
from pipeline.inference.errors import InferenceError

# The numbers of fields in onnx.proto
GRAPH, NODE, INITIALISER = 7, 1, 5  # of ModelProto; of GraphProto
INPUT, OUTPUT, OPERATOR, ATTRIBUTE = 1, 2, 4, 5  # of NodeProto
ATTRIBUTE_NAME, ATTRIBUTE_INT = 1, 3  # of AttributeProto
TENSOR_NAME = 8  # of TensorProto

PASSING = ("Add", "Div", "Identity", "Mul", "Reshape", "Sub")  # each number stays in its column
LINEAR = ("ConvTranspose", "Gemm", "MatMul")


class Node(NamedTuple):
    """One operator: its whole-number attributes alone."""

    operator: str
    inputs: list[str]
    outputs: list[str]
    attributes: Mapping[str, int]


def first_weights(path: Path, name: str, width: int) -> list[np.ndarray]:
    """Return the weights [outputs, width] of every linear layer that takes the input `name` [N, width] first.

    On its way there the input may be the first or the last part of what is joined. That its numbers may be
    scaled and shifted, as a learnt mixture does, is left out of account.
    """
    try:
        nodes, weights = _read(read_model(path))
        found = list(_linear(nodes, weights, name, width))
        if any(weight.shape[1] != width for weight in found):
            raise ValueError(f"a layer takes another number of columns than {name} has")
        return [weight.astype(np.float64) for weight in found]
    except BROKEN as error:
        raise InferenceError(f"{path}: its weights can't be read ({error})") from error


def _linear(
    nodes: list[Node], weights: Mapping[str, np.ndarray], name: str, width: int
) -> Iterator[np.ndarray]:
    """Yield the columns that the input meets; the nodes are in the order in which they run."""
    columns = {name: slice(None)}  # by tensor: where in it the input lies
    for node in nodes:
        place = next((index for index, each in enumerate(node.inputs) if each in columns), None)
        if place is None:
            continue
        held = columns[node.inputs[place]]
        if node.operator == "Concat":
            ends = {0: slice(width), len(node.inputs) - 1: slice(-width, None)}
            if place not in ends or held != slice(None):
                raise ValueError(f"{name} is in the middle of what is joined")
            columns |= dict.fromkeys(node.outputs, ends[place])
        elif node.operator in PASSING:
            columns |= dict.fromkeys(node.outputs, held)
        elif node.operator in LINEAR and place == 0 and node.inputs[1] in weights:
            yield _by_outputs(node, weights[node.inputs[1]])[:, held]


def _by_outputs(node: Node, weight: np.ndarray) -> np.ndarray:
    """The weight as [outputs, inputs]; a transposed convolution of one pixel is linear, too."""
    if node.operator == "Gemm" and node.attributes.get("transB", 0):
        return weight
    return weight.reshape(len(weight), -1).T


def _read(model: bytes) -> tuple[list[Node], dict[str, np.ndarray]]:
    nodes, weights = [], {}
    for field, value in read_fields(dict(read_fields(model))[GRAPH]):
        if field == NODE:
            nodes.append(_node(value))
        elif field == INITIALISER:
            weights[dict(read_fields(value))[TENSOR_NAME].decode()] = parse_tensor(value)
    return nodes, weights


def _node(data: bytes) -> Node:
    node = Node("", [], [], {})
    for field, value in read_fields(data):
        if field == INPUT:
            node.inputs.append(value.decode())
        elif field == OUTPUT:
            node.outputs.append(value.decode())
        elif field == OPERATOR:
            node = node._replace(operator=value.decode())
        elif field == ATTRIBUTE:
            told = dict(read_fields(value))
            node.attributes[told[ATTRIBUTE_NAME].decode()] = told.get(ATTRIBUTE_INT, 0)
    return node
