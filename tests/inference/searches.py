"""The search and the encoder of the small generators of these tests, with the gradient written out."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pipeline.fields import Field, latent
from pipeline.fields import label as label_field
from pipeline.inference.contract import format_2
from pipeline.kinds import mask
from tests.inference.conftest import Z_DIM, metadata_of, model_proto


def weights_of(classes: list[str], shape: tuple[int, int, int]) -> dict[str, np.ndarray]:
    """Those of image = tanh(z weight + table[label])."""
    graph = model_proto(classes, shape).graph
    return {each.name: numpy_helper.to_array(each) for each in graph.initializer}


def put_search(generator: Path, classes: list[str], shape: tuple[int, int, int], distribution: str) -> Path:
    """Write the search of what `model_proto` builds into the folder beside it."""
    image, z = Field("image", shape, {"range": [-1, 1]}), latent(Z_DIM, distribution)
    inputs = {"z": z} | ({"label": label_field(classes)} if classes else {})
    inputs |= {"target": image, "mask": mask.of(image), "absolute": Field("numbers")}
    made = weights_of(classes, shape)
    arrays = {"weight": made["weight"], "bias": made["bias"], "back": made["weight"].T.copy()}
    arrays |= {"flat": np.array([0, -1]), "one": np.ones(1, np.float32), "two": np.full(1, 2, np.float32)}
    arrays |= {"axis": np.array([1])} | ({"table": made["table"]} if classes else {})
    shift = [("Gather", ["table", "label"], "shift")] if classes else []
    operators = [
        ("Gemm", ["z", "weight", "bias"], "hidden"),
        *shift,
        ("Add", ["hidden", "shift" if classes else "bias"], "sum"),
        ("Tanh", ["sum"], "made"),
        ("Reshape", ["target", "flat"], "wanted"),
        ("Concat", ["mask"] * shape[0], "masks"),
        ("Reshape", ["masks", "flat"], "counts"),
        ("ReduceSum", ["counts", "axis"], "count"),
        ("Div", ["counts", "count"], "share"),
        ("Sub", ["made", "wanted"], "error"),
        ("Unsqueeze", ["absolute", "axis"], "straight"),
        ("Sub", ["one", "straight"], "squared"),
        ("Abs", ["error"], "length"),
        ("Mul", ["straight", "length"], "lengths"),
        ("Mul", ["error", "error"], "square_error"),
        ("Mul", ["squared", "square_error"], "squares"),
        ("Add", ["lengths", "squares"], "both"),
        ("Mul", ["share", "both"], "weighted"),
        ("ReduceSum", ["weighted", "axis"], "loss"),
        ("Sign", ["error"], "sign"),
        ("Mul", ["straight", "sign"], "along"),
        ("Mul", ["squared", "error"], "half"),
        ("Mul", ["two", "half"], "doubled"),
        ("Add", ["along", "doubled"], "way"),
        ("Mul", ["made", "made"], "square"),
        ("Sub", ["one", "square"], "slope"),
        ("Mul", ["share", "way"], "pulled"),
        ("Mul", ["pulled", "slope"], "upstream"),
        ("MatMul", ["upstream", "back"], "gradient"),
    ]
    more = {"masks": {"axis": 1}, "loss": {"keepdims": 0}}
    nodes = [helper.make_node(kind, taken, [out], **more.get(out, {})) for kind, taken, out in operators]
    outputs = {"loss": Field("numbers"), "gradient": Field("numbers", (Z_DIM,))}
    return _write(generator, "search", nodes, arrays, inputs, outputs)


def put_encoder(generator: Path, shape: tuple[int, int, int]) -> Path:
    """Write an encoder beside a generator without classes: z = image pinv(weight)."""
    image = Field("image", shape, {"range": [-1, 1], "of": "images"})
    back = np.linalg.pinv(weights_of([], shape)["weight"]).astype(np.float32)
    nodes = [
        helper.make_node("Reshape", ["image", "flat"], ["rows"]),
        helper.make_node("MatMul", ["rows", "back"], ["code"]),
    ]
    arrays = {"flat": np.array([0, -1]), "back": back}
    return _write(
        generator,
        "encoder",
        nodes,
        arrays,
        {"image": image},
        {"code": Field("latent", (Z_DIM,), {"of": "z"})},
    )


def _write(
    generator: Path,
    name: str,
    nodes: list[onnx.NodeProto],
    arrays: dict[str, np.ndarray],
    inputs: dict[str, Field],
    outputs: dict[str, Field],
) -> Path:
    def value(name: str, field: Field) -> onnx.ValueInfoProto:
        kind = TensorProto.INT64 if field.kind == "label" else TensorProto.FLOAT
        return helper.make_tensor_value_info(name, kind, ["N", *field.shape])

    sides = [[value(*each) for each in side.items()] for side in (inputs, outputs)]
    initialisers = [numpy_helper.from_array(array, key) for key, array in arrays.items()]
    graph = helper.make_graph(nodes, name, *sides, initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    about = metadata_of([], (1, 1, 1)) | {
        "format": format_2.FORMAT,
        "fields": format_2.text(inputs, outputs),
    }
    helper.set_model_props(model, about)
    path = generator.with_suffix(".parts") / f"{name}.onnx"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path
