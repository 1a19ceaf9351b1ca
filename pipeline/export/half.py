"""The same generator with its weights in float16: half the file, and full speed, for they are cast once."""

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

LARGE = 1024  # entries from which halving a tensor is worth a Cast


def halved(model: ModelProto) -> ModelProto:
    """A copy with its large weights in float16; runtimes cast them back once, when they open the file."""
    model = ModelProto.FromString(model.SerializeToString())
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= LARGE:
            half = f"{weight.name}_half"
            casts.append(helper.make_node("Cast", [half], [weight.name], to=TensorProto.FLOAT))
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model
