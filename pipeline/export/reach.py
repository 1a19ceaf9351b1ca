"""How far around its own place a pixel of a network's picture looks: read from the ONNX graph.

What a large picture may be cut into tiles by: a pixel that hangs on the whole picture, as behind an instance
norm, would come out otherwise in a tile.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

# a pixel of theirs hangs on what has its place alone; so does one behind a norm, but for the moments
POINTWISE = {
    *("Add", "BatchNormalization", "Cast", "Clip", "Concat", "Div", "Greater", "LeakyRelu", "Mul", "PRelu"),
    *("Relu", "Sigmoid", "Softplus", "Sub", "Tanh", "Where"),
}
OVER_ALL = {"InstanceNormalization"}


class Reach(NamedTuple):
    """`around`: pixels of the source to each side; or the operator by which all of them count.

    `least`: pixels that a side of the source must have, for a reflection has to find what it mirrors.
    """

    around: int | str
    least: int


class _Seen(NamedTuple):
    """Pixel i of a tensor hangs on the source's from i step - before to i step + after, along one axis."""

    step: Fraction
    before: Fraction
    after: Fraction


def reach(plain: ModelProto) -> Reach:
    """The reach of a network from one image to one image, [N, C, H, W] each: the larger of both axes."""
    found = [_along(plain, axis) for axis in (0, 1)]
    whole = [each.around for each in found if isinstance(each.around, str)]
    around = whole[0] if whole else max(each.around for each in found)
    return Reach(around, max(each.least for each in found))


def _along(plain: ModelProto, axis: int) -> Reach:
    """The reach along the height (0) or the width (1)."""
    (source,), (made,) = plain.graph.input, plain.graph.output
    seen = {source.name: _Seen(Fraction(1), Fraction(0), Fraction(0))}
    constants = {tensor.name: tensor for tensor in plain.graph.initializer}
    whole, least = None, 1
    for node in plain.graph.node:
        given = [seen[name] for name in node.input if name in seen]
        if node.op_type in OVER_ALL:
            whole = whole or node.op_type
        after = _seen_through(node, given, constants, axis)
        if after is None:
            return Reach(whole or node.op_type, least)
        if node.op_type == "Pad" and _attributes(node).get("mode") == b"reflect":
            least = max(least, math.ceil((max(_padded(node, constants, axis)) + 1) * given[0].step))
        seen[node.output[0]] = after
    last = seen[made.name]
    return Reach(whole or math.ceil(max(last.before, last.after, 0)), least)


def _seen_through(
    node: NodeProto, given: list[_Seen], constants: Mapping[str, TensorProto], axis: int
) -> _Seen | None:
    """What the node's output hangs on; None where nothing is known of it."""
    if len({each.step for each in given}) != 1:
        return None
    first = given[0]
    match node.op_type:
        case "Conv" | "AveragePool" | "ConvTranspose":
            return _windowed(node, first, constants, axis)
        case "Pad":
            begin, _ = _padded(node, constants, axis)
            return _shifted(first, begin * first.step, -begin * first.step, first.step)
        case "DepthToSpace":
            step = first.step / _attributes(node)["blocksize"]
            return _shifted(first, first.step - step, Fraction(0), step)
        case operator if operator in POINTWISE | OVER_ALL and _is_even(node, constants):
            return _Seen(first.step, max(each.before for each in given), max(each.after for each in given))
    return None


def _windowed(node: NodeProto, given: _Seen, constants: Mapping[str, TensorProto], axis: int) -> _Seen:
    """Through a window that slides over the tensor: output o is of the pixels o stride - pad + t, t < size.

    A transposed convolution goes the other way: pixel i adds to the outputs i stride - pad + t.
    """
    found = _attributes(node)
    pooled = node.op_type == "AveragePool"
    size = found["kernel_shape"][axis] if pooled else constants[node.input[1]].dims[2 + axis]
    stride, dilation = (found.get(name, (1, 1))[axis] for name in ("strides", "dilations"))
    pad, last = found.get("pads", (0, 0, 0, 0))[axis], dilation * (size - 1)
    if node.op_type == "ConvTranspose":
        step = given.step / stride
        return _shifted(given, (last - pad) * step, pad * step, step)
    return _shifted(given, pad * given.step, (last - pad) * given.step, given.step * stride)


def _shifted(given: _Seen, before: Fraction, after: Fraction, step: Fraction) -> _Seen:
    return _Seen(step, given.before + before, given.after + after)


def _padded(node: NodeProto, constants: Mapping[str, TensorProto], axis: int) -> tuple[int, int]:
    """Pixels that a Pad adds at the beginning and at the end of an axis."""
    pads = numpy_helper.to_array(constants[node.input[1]]).tolist()
    return pads[2 + axis], pads[len(pads) // 2 + 2 + axis]


def _is_even(node: NodeProto, constants: Mapping[str, TensorProto]) -> bool:
    """Whether it does the same at every place: no constants by pixel, nothing joined along a side."""
    if node.op_type == "Concat":
        return _attributes(node)["axis"] == 1
    if node.op_type in ("BatchNormalization", *OVER_ALL):
        return True  # theirs are one a map
    beside = [constants[name].dims[-2:] for name in node.input if name in constants]
    return all(side == 1 for sides in beside for side in sides)


def _attributes(node: NodeProto) -> dict[str, object]:
    return {each.name: helper.get_attribute_value(each) for each in node.attribute}
