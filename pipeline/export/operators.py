"""Noise and bytes in operators that every runtime has: what a seeded file does before and behind the network.

The noise is that of pipeline/kinds/shared/noise.py, bit for bit: whole numbers below 2^24, held exactly in
float32, and one Gather. What a seed's picture is depends on no language's random numbers, and on no runtime's
way with int64.
"""

from collections.abc import Mapping

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from pipeline.fields import Field
from pipeline.kinds.shared.noise import LIMB, MIDDLE_BITS, keys, quantiles


class Nodes:
    """Nodes under construction. Calling it adds one and returns its output; arrays become constants."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[NodeProto] = []
        self._constants: dict[bytes, TensorProto] = {}

    @property
    def constants(self) -> list[TensorProto]:
        """The initialisers, each value once."""
        return list(self._constants.values())

    def __call__(
        self, operator: str, *inputs: str | np.ndarray, output: str = "", **attributes: int | str
    ) -> str:
        index = len(self.nodes)
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        output = output or f"{self.name}{index:03d}"
        self.nodes.append(
            helper.make_node(operator, names, [output], f"{self.name}{index:03d}_{operator}", **attributes)
        )
        return output

    def _constant(self, value: np.ndarray) -> str:
        tensor = numpy_helper.from_array(np.ascontiguousarray(value))
        content = tensor.SerializeToString()
        tensor.name = f"{self.name}_c{len(self._constants):03d}"
        return self._constants.setdefault(content, tensor).name


State = tuple[str, str]  # the limbs of a seed on their way: left and right


def scrambled(noise: Nodes, seed: str) -> State:
    """The state that all dimensions go on from, [N, 1] each, of seed int64 [N]."""
    column = noise("Reshape", seed, np.array([-1, 1]))
    whole = noise("Cast", column, to=TensorProto.FLOAT)
    left = noise("Floor", noise("Mul", whole, number(1 / LIMB)))
    right = noise("Sub", whole, noise("Mul", left, number(LIMB)))
    for key in keys(0)[0]:
        left, right = _round(noise, left, right, key)
    return left, right


def draw(noise: Nodes, state: State, name: str, field: Field, first: int) -> None:
    """The latent `name` [N, n], of the columns of noise from `first` on."""
    left, right = state
    for key in keys(first + field.shape[0])[1][:, first:]:
        left, right = _round(noise, left, right, key)
    index = noise("Cast", right, to=TensorProto.INT64)
    drawn = noise("Gather", quantiles(field.about["distribution"]), index)
    noise("Reshape", drawn, np.array([-1, *field.shape]), output=name)  # OpenCV 4 gathers [N, n, 1]


def to_uint8(picture: Nodes, name: str, field: Field, output: str) -> None:
    """The operations of pipeline/kinds/image.py's pixels, in their order."""
    if field.about["range"] != [-1, 1]:
        name = picture("Sub", picture("Mul", name, number(2)), number(1))
    scaled = picture("Mul", picture("Add", name, number(1)), number(127.5))
    clipped = picture("Clip", picture("Round", scaled), number(0), number(255))
    last = picture("Transpose", clipped, perm=[0, 2, 3, 1])
    picture("Cast", last, output=output, to=TensorProto.UINT8)


def from_uint8(picture: Nodes, name: str, field: Field, output: str) -> None:
    """The operations of pipeline/kinds/image.py's from_pixels, in their order."""
    low, high = field.about["range"]
    level = picture("Cast", name, to=TensorProto.FLOAT)
    scaled = picture("Add", picture("Div", level, number(255 / (high - low))), number(low))
    picture("Transpose", scaled, output=output, perm=[0, 3, 1, 2])


def _round(noise: Nodes, left: str, right: str, key: np.ndarray) -> State:
    mixed = _modulo(noise, noise("Add", right, np.atleast_2d(key).astype(np.float32)))
    square = noise("Mul", mixed, mixed)
    middle = noise("Floor", noise("Mul", square, number(2.0**-MIDDLE_BITS)))
    return right, _modulo(noise, noise("Add", left, middle))


def _modulo(noise: Nodes, value: str) -> str:
    """`value` modulo LIMB; dividing by a power of two is exact."""
    quotient = noise("Floor", noise("Mul", value, number(1 / LIMB)))
    return noise("Sub", value, noise("Mul", quotient, number(LIMB)))


def number(value: float) -> np.ndarray:
    """Return a constant of the graph, float32."""
    return np.array(value, np.float32)


def renamed(plain: ModelProto, names: Mapping[str, str]) -> list[NodeProto]:
    """Return copies of a model's nodes, with some tensors called otherwise."""
    nodes = [NodeProto.FromString(node.SerializeToString()) for node in plain.graph.node]
    for node in nodes:
        for side in (node.input, node.output):
            side[:] = [names.get(name, name) for name in side]
    return nodes
