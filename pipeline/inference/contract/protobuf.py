"""Read protobuf messages, in as much of its encoding as ONNX files need.

onnx would read them, but is not among what the consumer installs.
"""

from collections.abc import Iterator

# the ways to encode a field (protobuf's "wire types")
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
BROKEN = (ValueError, KeyError, TypeError, IndexError)  # what reading a damaged message raises


def read_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
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


def numbers(data: bytes) -> list[int]:
    """Return the numbers of a packed repeated field."""
    numbers, position = [], 0
    while position < len(data):
        number, position = _varint(data, position)
        numbers.append(number)
    return numbers


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the number at `position`, seven bits a byte, and the position after it."""
    number = 0
    for index in range(10):
        byte = data[position + index]
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return number, position + index + 1
    raise ValueError("a number of more than ten bytes")
