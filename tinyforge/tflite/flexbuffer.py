"""Options of custom operators: a FlexBuffer map from names to numbers, to a dictionary and back.

Source: flatbuffers' flexbuffers.h. A value is read at its own width, lengths and offsets lie before
what they belong to, and keys are sorted.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from tinyforge.errors import ForgeError

Number = int | float | bool

_INT, _UINT, _FLOAT, _INDIRECT, _MAP, _BOOL = 1, 2, 3, 5, 9, 26
_INTEGERS = {1: "b", 2: "h", 4: "i", 8: "q"}
_FLOATS = {4: "f", 8: "d"}
_WIDTH = 4  # in which options are written


class _MalformedError(Exception):
    """The bytes are no map of numbers."""


def read(data: bytes, where: str) -> dict[str, Number]:
    """The map's numbers by their names. ForgeError for bytes that are not such a map."""
    try:
        return _Reader(data).numbers()
    except (_MalformedError, struct.error, UnicodeDecodeError) as error:
        raise ForgeError(
            f"the operator's options are no map of numbers: {error}", where=where
        ) from error


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def unsigned(self, position: int, width: int) -> int:
        if width not in _INTEGERS or not 0 <= position <= len(self.data) - width:
            raise _MalformedError("an offset leads outside")
        return int.from_bytes(self.data[position : position + width], "little")

    def back(self, position: int, width: int) -> int:
        """What an offset at a position leads to; offsets lead back."""
        found = position - self.unsigned(position, width)
        if not 0 <= found < len(self.data):
            raise _MalformedError("an offset leads outside")
        return found

    def numbers(self) -> dict[str, Number]:
        if len(self.data) < 3:
            raise _MalformedError("too short")
        width, packed = self.data[-1], self.data[-2]
        if packed >> 2 != _MAP:
            raise _MalformedError("not a map")
        values = self.back(len(self.data) - 2 - width, width)
        width = 1 << (packed & 3)
        count = self.unsigned(values - width, width)
        if count > len(self.data):
            raise _MalformedError("too many entries")
        keys = self.back(values - 3 * width, width)
        key_width = self.unsigned(values - 2 * width, width)
        found: dict[str, Number] = {}
        for i in range(count):
            name = self.key(self.back(keys + i * key_width, key_width))
            kind = self.unsigned(values + count * width + i, 1)
            found[name] = self.number(values + i * width, width, kind)
        return found

    def key(self, position: int) -> str:
        end = self.data.find(b"\0", position)
        if end < 0:
            raise _MalformedError("a name has no end")
        return self.data[position:end].decode()

    def number(self, position: int, width: int, packed: int) -> Number:
        kind = packed >> 2
        if _INDIRECT < kind <= _INDIRECT + _FLOAT:
            position, width, kind = self.back(position, width), 1 << (packed & 3), kind - _INDIRECT
        raw = self.unsigned(position, width)
        if kind == _BOOL:
            return bool(raw)
        if kind == _UINT:
            return raw
        data = raw.to_bytes(width, "little")
        if kind == _INT:
            return int(struct.unpack(f"<{_INTEGERS[width]}", data)[0])
        if kind == _FLOAT and width in _FLOATS:
            return float(struct.unpack(f"<{_FLOATS[width]}", data)[0])
        raise _MalformedError(f"a value of kind {kind}")


def write(options: Mapping[str, Number]) -> bytes:
    """A map of these numbers, each in four bytes; read() of it gives an equal one."""
    names = sorted(options)
    data = bytearray()
    begins = []
    for name in names:
        begins.append(len(data))
        data += name.encode() + b"\0"
    data += bytes(-len(data) % _WIDTH)
    data += struct.pack("<I", len(names))
    keys = len(data)
    for begin in begins:
        data += struct.pack("<I", len(data) - begin)
    data += struct.pack("<III", len(data) - keys, _WIDTH, len(names))
    values = len(data)
    kinds = bytearray()
    for name in names:
        value = options[name]
        kind = _BOOL if isinstance(value, bool) else _INT if isinstance(value, int) else _FLOAT
        data += struct.pack("<f" if kind == _FLOAT else "<i", value)
        kinds.append(kind << 2 | 2)
    data += kinds
    data += bytes(-len(data) % _WIDTH)
    return bytes(data + struct.pack("<I", len(data) - values) + bytes([_MAP << 2 | 2, _WIDTH]))
