"""The same network for programs: what people have goes in, what people see comes out.

Seeds stand for latents: one `seed` int64 [N], of which all latents of a file are drawn as `gan-infer` draws
them. Bytes stand for images: uint8 [N, H, W, C], 0 is black. All other inputs and outputs are those of the
plain file. A generator of format 1 keeps the form that it always had; others say what they take and give in
the key `fields`, as format 2 does, with the kinds `seed` and `pixels`.
"""

import json
from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, ValueInfoProto, helper

from pipeline import kinds
from pipeline.errors import RunError
from pipeline.export.canonical import portable_model
from pipeline.export.operators import Nodes, draw, from_uint8, renamed, scrambled, to_uint8
from pipeline.fields import Field, Fields
from pipeline.inference.contract import format_1, format_2
from pipeline.inference.contract.description import Description
from pipeline.inference.contract.inputs import columns, examples
from pipeline.inference.contract.network import Network
from pipeline.kinds import image
from pipeline.kinds.shared.noise import MAX_SEED

FORMAT_1, FORMAT_2 = "gan-pipeline-seeded/1", "gan-pipeline-seeded/2"
SEED = Field("seed", (), {"range": [0, MAX_SEED]})
BATCHES = (1, 2, 7)
TOLERANCE = 1e-4  # of numbers that are no pictures


def seeded_fields(about: Description) -> tuple[dict[str, Field], dict[str, Field]]:
    """Inputs and outputs of the seeded form of a file; the seed has the place of the first latent."""
    inputs: dict[str, Field] = {}
    for name, field in about.inputs.items():
        if field.kind == "latent":
            inputs["seed"] = SEED
        else:
            inputs[name] = _as_seen(field)
    return inputs, {name: _as_seen(field) for name, field in about.outputs.items()}


def dtype(field: Field) -> str:
    """Of a field of a plain or of a seeded file."""
    return {"seed": "int64", "pixels": "uint8"}.get(field.kind) or kinds.find(field.kind).DTYPE


def seeded_model(plain: ModelProto, about: Description) -> ModelProto:
    """Put noise and the way from uint8 before a canonical model, and the way to uint8 behind it."""
    noise, read, picture = Nodes("noise"), Nodes("read"), Nodes("picture")
    if latents := about.inputs_of("latent"):
        firsts, state = columns(about), scrambled(noise, "seed")
        for name in latents:
            draw(noise, state, name, about.inputs[name], firsts[name])
    for name, field in _images(about.inputs).items():
        from_uint8(read, name, field, _float(name))
    for name, field in _images(about.outputs).items():
        to_uint8(picture, _float(name), field, name)
    floats = {name: _float(name) for name in (*_images(about.inputs), *_images(about.outputs))}
    inputs, outputs = seeded_fields(about)
    graph = helper.make_graph(
        [*noise.nodes, *read.nodes, *renamed(plain, floats), *picture.nodes],
        "seeded_generator",
        _tensors(inputs),
        _tensors(outputs),
        [*noise.constants, *read.constants, *plain.graph.initializer, *picture.constants],
    )
    model = portable_model(graph)
    metadata = {entry.key: entry.value for entry in plain.metadata_props} | _own_metadata(about)
    helper.set_model_props(model, dict(sorted(metadata.items())))
    onnx.checker.check_model(model, full_check=True)
    return model


def check(model: ModelProto, network: Network) -> None:
    """RunError unless the model gives what `network`, the plain file, gives: pictures to the byte."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    about = network.description
    inputs, _ = seeded_fields(about)
    for count in (*BATCHES, max(1, len(about.classes))):
        seeds = np.linspace(0, MAX_SEED, count).astype(np.int64)
        taken = examples(about, seeds)
        expected = _shown(about.outputs, network.compute(taken))
        given = _shown(about.inputs, taken) | {"seed": seeds}
        found = session.run(list(expected), {name: given[name] for name in inputs})
        for name, values in zip(expected, found, strict=True):
            tolerance = 0 if values.dtype == np.uint8 else TOLERANCE
            if not np.allclose(values, expected[name], rtol=0, atol=tolerance):
                raise RunError(f"the seeded graph gives another {name} than the plain one, at batch {count}")


def _as_seen(field: Field) -> Field:
    if field.kind != "image":
        return field
    channels, height, width = field.shape
    return Field("pixels", (height, width, channels), {**field.about, "range": [0, 255]})


def _shown(fields: Fields, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same arrays, with images as uint8 [N, H, W, C]."""
    return {
        name: image.pixels(field, arrays[name]) if field.kind == "image" else arrays[name]
        for name, field in fields.items()
    }


def _images(fields: Fields) -> Fields:
    return {name: field for name, field in fields.items() if field.kind == "image"}


def _float(name: str) -> str:
    """What a picture is called inside, where it is float32 [N, C, H, W]."""
    return f"float_{name}"


def _tensors(fields: Fields) -> list[ValueInfoProto]:
    return [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype(field))), ["N", *field.shape]
        )
        for name, field in fields.items()
    ]


def _own_metadata(about: Description) -> dict[str, str]:
    """What the metadata of the plain file do not say, or say of itself alone."""
    inputs, outputs = seeded_fields(about)
    if about.format != format_1.FORMAT:
        return {"format": FORMAT_2, "fields": format_2.text(inputs, outputs)}
    return {
        "format": FORMAT_1,
        "image_shape": json.dumps(list(outputs["image"].shape)),
        "value_range": "[0, 255]",
        "seeds": f"[0, {MAX_SEED}]",
    }
