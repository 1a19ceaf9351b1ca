"""Read tensors: TensorProto messages, as test vectors (.pb files) and a graph's weights are."""

import math
from pathlib import Path

import numpy as np

from pipeline.inference import files
from pipeline.inference.contract.protobuf import BROKEN, numbers, read_fields
from pipeline.inference.errors import InferenceError

MAX_BYTES = 2**28
TYPES = {1: "<f4", 2: "u1", 7: "<i8"}  # TensorProto.DataType: FLOAT, UINT8, INT64
DIMS, DATA_TYPE, RAW_DATA = 1, 2, 9  # TensorProto's fields


def read_tensor(path: Path) -> np.ndarray:
    """Return the tensor in a .pb file of dims, data_type and raw_data, as onnx.numpy_helper writes it.

    InferenceError for a file that is no such tensor.
    """
    try:
        return parse_tensor(files.read_at_most(path, MAX_BYTES))
    except BROKEN as error:
        raise InferenceError(
            f"{path}: no tensor of float32, uint8 or int64 with its values in raw_data"
        ) from error


def parse_tensor(data: bytes) -> np.ndarray:
    """Return the tensor in a TensorProto's bytes; one of BROKEN is raised where they are none."""
    dims: list[int] = []
    data_type, raw = 0, b""
    for field, value in read_fields(data):
        if field == DIMS:
            dims += [value] if isinstance(value, int) else numbers(value)
        elif field == DATA_TYPE:
            data_type = value
        elif field == RAW_DATA:
            raw = value
    kind = np.dtype(TYPES[data_type])
    if math.prod(dims) * kind.itemsize != len(raw):
        raise ValueError("another number of values than dims say")
    return np.frombuffer(raw, kind).reshape(dims)
