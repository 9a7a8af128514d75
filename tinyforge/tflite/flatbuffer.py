"""Bounds-checked reading of flatbuffers.

The flatbuffers runtime checks nothing, so every offset, table, vtable, vector and string is
checked here against the end of the file before it is followed. Alignment does not matter: numbers
are read byte by byte. Depth is bounded because the caller follows fields by name, and none of the
tables that it reads can hold itself.

Offsets may be shared, so a file of n bytes can describe n * n bytes of content. What reading may
cost is therefore bounded by a budget, of which tables, vectors and strings each take their part;
blobs are free because they are handed out as a range and not copied.

Source of the format: https://flatbuffers.dev/internals
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.tflite.schema import ENUMS, IDENTIFIER, TABLES, TASK_TABLES, Field

# Bytes of tables, vectors and strings that may be read of one file: a hundred times what
# MobileNet takes, and a second of work.
BUDGET = 16 << 20
# What a table takes of the budget: its share of the objects made of it.
TABLE_COST = 128

_U16 = struct.Struct("<H")
_I32 = struct.Struct("<i")
_U32 = struct.Struct("<I")

_SCALARS: Mapping[str, struct.Struct] = {
    "bool": struct.Struct("<B"),
    "byte": struct.Struct("<b"),
    "ubyte": struct.Struct("<B"),
    "int": _I32,
    "uint": _U32,
    "long": struct.Struct("<q"),
    "ulong": struct.Struct("<Q"),
    "float": struct.Struct("<f"),
    **{name: struct.Struct("<b") for name in ENUMS},
}

_VECTORS: Mapping[str, np.dtype[np.generic]] = {
    "[bool]": np.dtype("<u1"),
    "[ubyte]": np.dtype("<u1"),
    "[int]": np.dtype("<i4"),
    "[long]": np.dtype("<i8"),
    "[float]": np.dtype("<f4"),
}


class _File:
    """The bytes, the name that errors give them, and what is left of the budget."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.budget = BUDGET

    def error(self, what: str, at: int) -> ForgeError:
        return ForgeError(
            f"not a valid .tflite file: {what}",
            where=f"{self.name}, byte {at}",
            fix="export the model again; the file is damaged or was not written by a converter",
        )

    def spend(self, cost: int, at: int) -> None:
        self.budget -= cost
        if self.budget < 0:
            raise self.error(f"it describes more than {BUDGET} bytes of tables", at)

    def need(self, size: int, at: int, what: str) -> None:
        """ForgeError unless the file has size bytes from at on."""
        if at < 0 or at + size > len(self.data):
            raise self.error(
                f"{what} of {size} bytes does not fit in a file of {len(self.data)}", at
            )

    def u16(self, at: int, what: str) -> int:
        self.need(2, at, what)
        value: int = _U16.unpack_from(self.data, at)[0]
        return value

    def follow(self, at: int, what: str) -> int:
        """Where the unsigned offset at `at` leads."""
        self.need(4, at, what)
        distance: int = _U32.unpack_from(self.data, at)[0]
        return at + distance

    def vector(self, at: int, itemsize: int, what: str) -> tuple[int, int]:
        """(first byte, elements) of the vector at `at`."""
        self.need(4, at, what)
        count: int = _U32.unpack_from(self.data, at)[0]
        self.need(count * itemsize, at + 4, what)
        return at + 4, count


class Table:
    """A table of the file, its fields read by their schema names.

    Every method raises ForgeError when the bytes are not what the schema says.
    """

    __slots__ = ("_at", "_fields", "_file", "_name", "_size", "_vtable", "_vtable_size")

    def __init__(self, file: _File, name: str, at: int) -> None:
        file.spend(TABLE_COST, at)
        file.need(4, at, name)
        self._file = file
        self._name = name
        self._fields = TABLES[name] if name in TABLES else TASK_TABLES[name]
        self._at = at
        self._vtable = at - _I32.unpack_from(file.data, at)[0]
        self._vtable_size = file.u16(self._vtable, f"the vtable of {name}")
        self._size = file.u16(self._vtable + 2, f"the vtable of {name}")
        if self._vtable_size < 4 or self._vtable_size % 2:
            raise file.error(f"{name} has a vtable of {self._vtable_size} bytes", self._vtable)
        file.need(self._vtable_size, self._vtable, f"the vtable of {name}")
        if self._size < 4:
            raise file.error(f"{name} has {self._size} bytes", at)
        file.need(self._size, at, name)

    def _find(self, name: str, size: int) -> tuple[Field, int | None]:
        """The field, and where its size bytes lie in the file; None if it is absent."""
        field = self._fields[name]
        entry = 4 + 2 * field.slot
        if entry + 2 > self._vtable_size:
            return field, None
        offset: int = _U16.unpack_from(self._file.data, self._vtable + entry)[0]
        if offset == 0:
            return field, None
        if offset < 4 or offset + size > self._size:
            raise self._file.error(f"{self._path(name)} lies outside its table", self._at + offset)
        return field, self._at + offset

    def _path(self, name: str) -> str:
        return f"{self._name}.{name}"

    def _reference(self, name: str) -> int | None:
        """Where the vector, string or table that the field refers to begins."""
        _, at = self._find(name, 4)
        return None if at is None else self._file.follow(at, self._path(name))

    def has(self, name: str) -> bool:
        """Whether the field, of any type, is there."""
        return self._find(name, 1)[1] is not None

    def scalar(self, name: str) -> int | float | bool:
        """A number, a bool, or the number of an enum's value; the default when absent."""
        kind = self._fields[name].type
        coder = _SCALARS[kind]
        field, at = self._find(name, coder.size)
        if at is None:
            return field.default
        value: int | float = coder.unpack_from(self._file.data, at)[0]
        if kind in ENUMS and not 0 <= value < len(ENUMS[kind]):
            raise self._file.error(f"{self._path(name)} is {value}, not one of {ENUMS[kind]}", at)
        return bool(value) if kind == "bool" else value

    def integer(self, name: str) -> int:
        """scalar() of a field that is a whole number."""
        value = self.scalar(name)
        assert isinstance(value, int)
        return value

    def string(self, name: str) -> str:
        """Text; what is not UTF-8 in it is replaced. Empty when absent."""
        at = self._reference(name)
        if at is None:
            return ""
        first, count = self._file.vector(at, 1, self._path(name))
        self._file.spend(count, at)
        return self._file.data[first : first + count].decode("utf-8", errors="replace")

    def numbers(self, name: str) -> npt.NDArray[np.generic]:
        """A vector of numbers, as a view of the file. Empty when absent."""
        dtype = _VECTORS[self._fields[name].type]
        at = self._reference(name)
        if at is None:
            return np.empty(0, dtype)
        first, count = self._file.vector(at, dtype.itemsize, self._path(name))
        self._file.spend(count * dtype.itemsize, at)
        return np.frombuffer(self._file.data, dtype, count, first)

    def integers(self, name: str) -> tuple[int, ...]:
        """A vector of whole numbers. Empty when absent."""
        return tuple(self.numbers(name).tolist())

    def blob(self, name: str) -> tuple[int, int]:
        """(first byte, length) of a vector of bytes. (0, 0) when absent."""
        at = self._reference(name)
        return (0, 0) if at is None else self._file.vector(at, 1, self._path(name))

    def table(self, name: str, kind: str | None = None) -> Table | None:
        """The table that the field refers to. kind: its type, where the schema has a union."""
        at = self._reference(name)
        return None if at is None else Table(self._file, kind or self._fields[name].type, at)

    def tables(self, name: str) -> list[Table]:
        """A vector of tables. Empty when absent."""
        at = self._reference(name)
        if at is None:
            return []
        path = self._path(name)
        first, count = self._file.vector(at, 4, path)
        if count * TABLE_COST > self._file.budget:
            raise self._file.error(f"{path} has {count} elements", at)
        kind = self._fields[name].type.strip("[]")
        return [
            Table(self._file, kind, self._file.follow(first + 4 * i, path)) for i in range(count)
        ]


def model(data: bytes, name: str) -> Table:
    """The root table of a .tflite file. name: how errors call the file."""
    file = _File(data, name)
    if data[4:8] != IDENTIFIER:
        raise ForgeError(
            f"not a .tflite file: {IDENTIFIER!r} expected at bytes 4 to 8, found {data[4:8]!r}",
            where=f"{name} ({len(data)} bytes)",
            fix="give a model written by the TensorFlow Lite converter",
        )
    return Table(file, "Model", file.follow(0, "the root table"))


def task_metadata(data: bytes, name: str) -> Table:
    """The root table of what TensorFlow Lite's metadata library adds to a file."""
    file = _File(data, name)
    return Table(file, "ModelMetadata", file.follow(0, "the root table"))
