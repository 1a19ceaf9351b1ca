"""A network from an image to an image in the form that strangers' programs open.

One input `pixel_values` and one output `reconstruction`, float32 [batch, 3, height, width], RGB in [0, 1],
grey or colour inside; the output is as many times larger as the network makes it. Any height and width: what
is missing to the sides that the network's halvings need is added at the right and below, and cut off again.
The two small files beside are for transformers.js. One that fills a hole has its one size.
"""

import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import ModelProto, TensorProto, helper
from torch import Tensor
from torch.nn.functional import pad

from pipeline.errors import RunError
from pipeline.export.canonical import portable_model
from pipeline.export.operators import Nodes, number, renamed
from pipeline.export.reach import reach
from pipeline.export.to_onnx import TOLERANCE, largest_difference, results
from pipeline.files import write_bytes, write_json
from pipeline.inference.contract.format_image_to_image import FORMAT, GIVEN, MADE
from pipeline.streams import stream
from pipeline.systems.base import Export

BRIGHTNESS = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601), as Pillow and torchvision have it
CONFIG = {"model_type": "swin2sr", "architectures": ["Swin2SRForImageSuperResolution"]}


def is_image_to_image(export: Export) -> bool:
    """Whether it takes one image and nothing else, and gives one, no smaller."""
    kinds = [field.kind for field in (*export.inputs.values(), *export.outputs.values())]
    return kinds == ["image", "image"] and larger(export) >= 1


def larger(export: Export) -> int:
    """How many times as large as what goes in, a side, is what comes out."""
    (given,), (made,) = export.inputs.values(), export.outputs.values()
    return made.shape[1] // given.shape[1]


def write_image_to_image(plain: ModelProto, export: Export, seed: int, folder: Path) -> None:
    """Write the form for the size it was trained at, and for any, with what transformers.js reads.

    Where a hole is filled that one size is all. `plain` is the canonical model of `export`. RunError where a
    file does not do what the torch module does.
    """
    source = next(iter(export.inputs.values()))
    _, high, wide = source.shape
    sizes = {"fixed.onnx": [(high, wide)]}
    if "hole" not in source.about:
        sizes["onnx/model.onnx"] = [(high, wide), (high + 5, 2 * wide + 3)]
    for file, tried in sizes.items():
        model = _model(plain, export, None if len(tried) > 1 else (high, wide))
        for size in tried:
            _check(model, export, size, stream(seed, "image to image"))
        write_bytes(folder / file, model.SerializeToString(deterministic=True))
    _write_what_transformers_js_reads(folder)


def _write_what_transformers_js_reads(folder: Path) -> None:
    write_json(folder / "config.json", CONFIG)
    processor = {"image_processor_type": "Swin2SRImageProcessor", "do_rescale": True}
    processor |= {"rescale_factor": 1 / 255, "do_pad": False}  # the graph pads, and cuts off again
    write_json(folder / "preprocessor_config.json", processor)


def multiple(plain: ModelProto) -> int:
    """What the sides of a picture must be a multiple of: the product of the strides."""
    strides = [
        attribute.ints[0]
        for node in plain.graph.node
        for attribute in node.attribute
        if node.op_type == "Conv" and attribute.name == "strides"
    ]
    return math.prod(strides)


def _model(plain: ModelProto, export: Export, size: tuple[int, int] | None) -> ModelProto:
    """The network between what the form asks for; None: of any size."""
    (given, source), (made, image) = (*export.inputs.items(), *export.outputs.items())
    step, times, before, after = multiple(plain), larger(export), Nodes("before"), Nodes("after")
    sides = None if size or step == 1 else before("Shape", GIVEN, start=2)
    _before(before, source.shape[0], sides, step)
    _after(after, image.shape[0], sides)
    taken = size or ("height", "width")
    # a free side is said as an expression of the input's
    given_back = taken if times == 1 else [times * side if size else f"{times}*{side}" for side in taken]
    graph = helper.make_graph(
        [*before.nodes, *renamed(plain, {given: "source", made: "made"}), *after.nodes],
        "image_to_image",
        [helper.make_tensor_value_info(GIVEN, TensorProto.FLOAT, ["batch", 3, *taken])],
        [helper.make_tensor_value_info(MADE, TensorProto.FLOAT, ["batch", 3, *given_back])],
        [*before.constants, *plain.graph.initializer, *after.constants],
    )
    model = portable_model(graph)
    metadata = {entry.key: entry.value for entry in plain.metadata_props if entry.key != "fields"}
    helper.set_model_props(model, dict(sorted((metadata | _about(plain, export, size)).items())))
    onnx.checker.check_model(model, full_check=True)
    return model


def _about(plain: ModelProto, export: Export, size: tuple[int, int] | None) -> dict[str, str]:
    """What the file says of the pictures that it takes, so that gan-infer knows whether it may cut them."""
    found, step = reach(plain), multiple(plain)
    return {
        "format": FORMAT,
        "size": json.dumps(size),
        "scale": str(larger(export)),
        "step": str(step),
        "reach": json.dumps(found.around),
        # one pixel above a multiple of the step is filled up to the next
        "least": str((-(-found.least // step) - 1) * step + 1),
    }


def _before(nodes: Nodes, channels: int, sides: str | None, step: int) -> None:
    """From `pixel_values` to `source`; with `sides`, height and width, up to the next multiple of `step`."""
    pixels = GIVEN
    if channels == 1:
        pixels = nodes("Conv", pixels, np.array(BRIGHTNESS, np.float32).reshape(1, 3, 1, 1))
    doubled = nodes("Mul", pixels, number(2))
    if sides is None:
        nodes("Sub", doubled, number(1), output="source")
        return
    missing = nodes("Mod", nodes("Neg", sides), np.array([step, step]))
    pads = nodes("Concat", np.zeros(6, np.int64), missing, axis=0)
    nodes("Pad", nodes("Sub", doubled, number(1)), pads, output="source", mode="edge")


def _after(nodes: Nodes, channels: int, sides: str | None) -> None:
    """From `made` to `reconstruction`; with `sides` cut to them."""
    made = "made"
    if sides is not None:
        made = nodes("Slice", made, np.zeros(2, np.int64), sides, np.array([2, 3]))
    light = nodes("Add", nodes("Mul", made, number(0.5)), number(0.5))
    if channels == 1:
        light = nodes("Concat", light, light, light, axis=1)
    nodes("Clip", light, number(0), number(1), output=MADE)


def _check(model: ModelProto, export: Export, size: tuple[int, int], source: torch.Generator) -> None:
    """RunError unless the model does with pictures of a size what the network does with their pixels."""
    pictures = torch.rand((2, 3, *size), generator=source)
    difference = largest_difference(results(model, partial(_by_torch, export, multiple(model)), [[pictures]]))
    if difference > TOLERANCE:
        raise RunError(
            f"image to image, at {size[1]} x {size[0]} pixels: ONNX Runtime and torch differ by "
            f"{difference:.2g}, more than {TOLERANCE}"
        )


def _by_torch(export: Export, step: int, pictures: Tensor) -> Tensor:
    """The same, [N, 3, H, W], without ONNX."""
    (field,), (high, wide) = export.inputs.values(), pictures.shape[2:]
    weights = torch.tensor(BRIGHTNESS).reshape(1, 3, 1, 1)
    pixels = (pictures * weights).sum(1, keepdim=True) if field.shape[0] == 1 else pictures
    whole = pad(2 * pixels - 1, (0, -wide % step, 0, -high % step), mode="replicate")
    times = larger(export)
    light = (export.network(whole)[:, :, : times * high, : times * wide] + 1) / 2
    return light.clamp(0, 1).expand(-1, 3, -1, -1)
