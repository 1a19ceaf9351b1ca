"""Read test vectors: TensorProto files (.pb), in as much of protobuf's encoding as they need.

onnx would read them, but is not among what the consumer installs.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.inference import files
from pipeline.inference.errors import InferenceError

MAX_BYTES = 2**28
TYPES = {1: "<f4", 2: "u1", 7: "<i8"}  # TensorProto.DataType: FLOAT, UINT8, INT64
# TensorProto's fields, and protobuf's ways to encode one (its "wire types")
DIMS, DATA_TYPE, RAW_DATA = 1, 2, 9
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5


def read_tensor(path: Path) -> np.ndarray:
    """Return the tensor in a .pb file of dims, data_type and raw_data, as onnx.numpy_helper writes it.

    InferenceError for a file that is no such tensor.
    """
    dims: list[int] = []
    data_type, raw = 0, b""
    try:
        for field, value in _fields(files.read_at_most(path, MAX_BYTES)):
            if field == DIMS:
                dims += [value] if isinstance(value, int) else _varints(value)
            elif field == DATA_TYPE:
                data_type = value
            elif field == RAW_DATA:
                raw = value
        kind = np.dtype(TYPES[data_type])
        if math.prod(dims) * kind.itemsize != len(raw):
            raise ValueError
        return np.frombuffer(raw, kind).reshape(dims)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InferenceError(
            f"{path}: no tensor of float32, uint8 or int64 with its values in raw_data"
        ) from error


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a protobuf message; ValueError or IndexError where it is damaged."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        field, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, position = _varint(data, position)
            yield field, value
            continue
        if wire == LENGTH:
            size, position = _varint(data, position)
        elif wire in (EIGHT_BYTES, FOUR_BYTES):
            size = 8 if wire == EIGHT_BYTES else 4
        else:
            raise ValueError(f"wire type {wire}")
        if position + size > len(data):
            raise ValueError("cut short")
        yield field, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the number at `position`, seven bits a byte, and the position after it."""
    number = 0
    for index in range(10):
        byte = data[position + index]
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return number, position + index + 1
    raise ValueError("a number of more than ten bytes")


def _varints(data: bytes) -> list[int]:
    numbers, position = [], 0
    while position < len(data):
        number, position = _varint(data, position)
        numbers.append(number)
    return numbers
