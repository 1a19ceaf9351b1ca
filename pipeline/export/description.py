"""What a file says of itself: the metadata inside, and the JSON beside it."""

import json
from collections.abc import Mapping

import onnx

from pipeline.data.prepared import Prepared
from pipeline.export.canonical import OPSET
from pipeline.inference.contract import format_1, format_2
from pipeline.params import Params
from pipeline.provenance import code_hash
from pipeline.systems.base import Export


def is_plain(export: Export) -> bool:
    """Whether it has the inputs and the output that format 1 can say: z, label if there is one; image."""
    kinds = {name: field.kind for name, field in export.inputs.items()}
    return kinds in ({"z": "latent"}, {"z": "latent", "label": "label"}) and list(export.outputs) == ["image"]


def metadata(params: Params, data: Prepared, export: Export, difference: float) -> dict[str, str]:
    """Everything that a stranger needs to use the file."""
    common = {
        "name": params.name,
        "kind": params.model.kind,
        "dataset": params.data.dataset,
        "params_hash": params.fingerprint(),
        "data_hash": data.digest,
        "code_hash": code_hash(params.model.kind),
        "opset": str(OPSET),
        "parity": f"{difference:.1e}",
    }
    if not is_plain(export):
        fields = format_2.text(export.inputs, export.outputs)
        return {"format": format_2.FORMAT, **common, "fields": fields}
    z, label = export.inputs["z"], export.inputs.get("label")
    return {
        "format": format_1.FORMAT,
        **common,
        "classes": json.dumps(label.about["classes"] if label else []),
        "z_dim": str(z.shape[0]),
        "latent": z.about["distribution"],
        "image_shape": json.dumps(list(export.outputs["image"].shape)),
        "value_range": format_1.VALUE_RANGE,
    }


def tensors(model: onnx.ModelProto) -> Mapping[str, object]:
    """Inputs and outputs for people and tools that read only the JSON."""

    def shown(values: object) -> list[dict[str, object]]:
        return [
            {
                "name": value.name,
                "type": onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower(),
                "shape": [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim],
            }
            for value in values
        ]

    return {"inputs": shown(model.graph.input), "outputs": shown(model.graph.output)}
