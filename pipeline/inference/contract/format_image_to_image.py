"""Metadata of the form that other people's programs open: `pixel_values` -> `reconstruction`.

Both are RGB in [0, 1]. `size` is [H, W] or null, for any; `scale` how many times as large the output is;
`step` what tiles begin at a multiple of; `reach` how many pixels around its own place one of the output hangs
on, or the operator by which it hangs on all; `least` how many pixels a side has.
"""

import re
from collections.abc import Mapping

from pipeline.fields import Field
from pipeline.inference.contract.format_1 import decoded
from pipeline.inference.errors import InferenceError

FORMAT = "gan-pipeline-image-to-image/1"
GIVEN, MADE = "pixel_values", "reconstruction"
CHANNELS = 3
KEYS = (
    "name", "kind", "dataset", "params_hash", "data_hash", "code_hash", "opset", "parity",
    "size", "scale", "step", "reach", "least",
)  # fmt: skip


def fields(metadata: Mapping[str, str]) -> tuple[dict[str, Field], dict[str, Field]]:
    """Return the input and the output that the metadata mean, or say what is wrong with them."""
    scale, step, least = (_count(metadata, key) for key in ("scale", "step", "least"))
    size, around = decoded(metadata["size"]), decoded(metadata["reach"])
    sides = ["height", "width"] if size is None else size
    if size is not None and not _are_sides(size):
        raise InferenceError(f"its metadata 'size' is {metadata['size']!r}: not null or [H, W]")
    if not (type(around) is int and around >= 0) and not (isinstance(around, str) and around.isalnum()):
        raise InferenceError(f"its metadata 'reach' is {metadata['reach']!r}: no number and no operator")
    times = "" if scale == 1 else f"{scale}*"
    larger = [f"{times}{side}" if size is None else scale * side for side in sides]
    about = {"range": [0, 1]}
    given = Field("image", (CHANNELS, *sides), about | {"least": least, "step": step, "reach": around})
    return {GIVEN: given}, {MADE: Field("image", (CHANNELS, *larger), about)}


def _count(metadata: Mapping[str, str], key: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", metadata[key]):
        raise InferenceError(f"its metadata {key!r} is {metadata[key]!r}: not a whole number above 0")
    return int(metadata[key])


def _are_sides(size: object) -> bool:
    return isinstance(size, list) and len(size) == 2 and all(type(each) is int and each > 0 for each in size)
