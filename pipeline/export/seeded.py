"""A generator that draws its own noise: seed int64 [N], label int64 [N] -> image uint8 [N, H, W, C].

The noise is that of pipeline/kinds/shared/noise.py, bit for bit, in operators that every runtime has: whole
numbers below 2^24, held exactly in float32, and one Gather. What a seed's picture is depends on no language's
random numbers, and on no runtime's way with int64.
"""

import json

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from pipeline.errors import RunError
from pipeline.export.canonical import portable_model
from pipeline.inference import Generator
from pipeline.inference.contract.description import Description
from pipeline.kinds.shared.noise import LIMB, MAX_SEED, MIDDLE_BITS, keys, quantiles

FORMAT = "gan-pipeline-seeded/1"
BATCHES = (1, 2, 7)


class _Part:
    """Nodes under construction. Calling it adds one and returns its output; arrays become constants."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[NodeProto] = []
        self._constants: dict[bytes, TensorProto] = {}

    @property
    def constants(self) -> list[TensorProto]:
        """The initialisers, each value once."""
        return list(self._constants.values())

    def __call__(self, operator: str, *inputs: str | np.ndarray, output: str = "", **attributes: int) -> str:
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


def seeded_model(plain: ModelProto, about: Description) -> ModelProto:
    """Put the noise before, and the way to uint8 behind, a canonical generator with the input z."""
    noise, picture = _Part("noise"), _Part("picture")
    _draw(noise, about.z_dim, about.latent)
    _to_uint8(picture)
    generator = [NodeProto.FromString(node.SerializeToString()) for node in plain.graph.node]
    for node in generator:
        node.output[:] = ["float_image" if name == "image" else name for name in node.output]
    channels, height, width = about.image_shape
    labels = [value for value in plain.graph.input if value.name == "label"]
    graph = helper.make_graph(
        [*noise.nodes, *generator, *picture.nodes],
        "seeded_generator",
        [helper.make_tensor_value_info("seed", TensorProto.INT64, ["N"]), *labels],
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", height, width, channels])],
        [*noise.constants, *plain.graph.initializer, *picture.constants],
    )
    model = portable_model(graph)
    metadata = {entry.key: entry.value for entry in plain.metadata_props} | {
        "format": FORMAT,
        "image_shape": json.dumps([height, width, channels]),
        "value_range": "[0, 255]",
        "seeds": f"[0, {MAX_SEED}]",
    }
    helper.set_model_props(model, dict(sorted(metadata.items())))
    onnx.checker.check_model(model, full_check=True)
    return model


def check(model: ModelProto, generator: Generator) -> None:
    """RunError unless the model draws the bytes that `generator`, the plain file, draws."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    classes = len(generator.description.classes)
    for count in (*BATCHES, max(1, classes)):
        seeds = np.linspace(0, MAX_SEED, count).astype(np.int64)
        labels = np.arange(count) % classes if classes else None
        fed = {"seed": seeds} | ({} if labels is None else {"label": labels})
        (images,) = session.run(["image"], fed)
        if not np.array_equal(images, generator.sample(labels, seeds)):
            raise RunError(f"the seeded graph draws other pictures than the plain one, at batch {count}")


def _draw(noise: _Part, z_dim: int, distribution: str) -> None:
    """z [N, z_dim] of seed [N]: see latent.py."""
    column = noise("Reshape", "seed", np.array([-1, 1]))
    state = noise("Cast", column, to=TensorProto.FLOAT)
    left = noise("Floor", noise("Mul", state, _number(1 / LIMB)))
    right = noise("Sub", state, noise("Mul", left, _number(LIMB)))
    seed_keys, dimension_keys = keys(z_dim)
    for key in (*seed_keys, *dimension_keys):
        left, right = _round(noise, left, right, key)
    index = noise("Cast", right, to=TensorProto.INT64)
    drawn = noise("Gather", quantiles(distribution), index)
    noise("Reshape", drawn, np.array([-1, z_dim]), output="z")  # OpenCV 4 gathers [N, z_dim, 1]


def _round(noise: _Part, left: str, right: str, key: np.ndarray) -> tuple[str, str]:
    mixed = _modulo(noise, noise("Add", right, np.atleast_2d(key).astype(np.float32)))
    square = noise("Mul", mixed, mixed)
    middle = noise("Floor", noise("Mul", square, _number(2.0**-MIDDLE_BITS)))
    return right, _modulo(noise, noise("Add", left, middle))


def _modulo(noise: _Part, value: str) -> str:
    """`value` modulo LIMB; dividing by a power of two is exact."""
    quotient = noise("Floor", noise("Mul", value, _number(1 / LIMB)))
    return noise("Sub", value, noise("Mul", quotient, _number(LIMB)))


def _to_uint8(picture: _Part) -> None:
    """The operations of pipeline/kinds/image.py's to_uint8, in its order."""
    scaled = picture("Mul", picture("Add", "float_image", _number(1)), _number(127.5))
    clipped = picture("Clip", picture("Round", scaled), _number(0), _number(255))
    last = picture("Transpose", clipped, perm=[0, 2, 3, 1])
    picture("Cast", last, output="image", to=TensorProto.UINT8)


def _number(value: float) -> np.ndarray:
    return np.array(value, np.float32)
